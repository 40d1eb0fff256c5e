/**
 * The symbols of a kernel from the tables that it prints /proc/kallsyms from (kernel/kallsyms.c, scripts/kallsyms.c). A
 * distributor's image has no other symbols, and no symbol names the tables, so they are found by what they must look like.
 */
import { textAt } from './elf.ts'

export interface KernelSymbol {
  readonly name: string
  readonly address: bigint
  /** As nm prints it: t and T are code. */
  readonly type: string
}

/** Names are made of tokens; a digit is mostly a token of its own, and ten of those in a row stand nowhere else. */
const DIGITS = Buffer.from([...'0123456789', ''].join('\0'), 'latin1')
const FIRST_DIGIT = 0x30
const TOKENS = 256
/** One of so many symbols has a marker: where its name begins. */
const MARKED = 256
/** A kernel has more symbols than the first number and fewer than the second. */
const COUNT = { min: 1000, max: 2_000_000 } as const
const ZERO = Buffer.alloc(4)
const LOWEST_ADDRESS = 0xffff_0000_0000_0000n

const align = (at: number, to: number): number => Math.ceil(at / to) * to

interface Tokens {
  readonly at: number
  readonly texts: readonly string[]
  /** Behind the table and its index. */
  readonly end: number
}

/** The table of tokens that the digits at this offset belong to; null when they belong to none. */
function tokensAt(bytes: Buffer, digits: number): Tokens | null {
  // The first token has no zero before it, so its place comes from the index behind the table.
  let second = digits
  for (let back = 0; back < FIRST_DIGIT - 1; back += 1) second = bytes.lastIndexOf(0, second - 2) + 1
  const starts = [0, second]
  for (let at = second; starts.length <= TOKENS; starts.push(at)) at = bytes.indexOf(0, at) + 1
  for (const to of [8, 4, 2]) {
    const index = align(starts.at(-1) ?? 0, to)
    if (index + 2 * TOKENS > bytes.length) return null
    const start = second - bytes.readUInt16LE(index + 2)
    starts[0] = start
    const matches = starts.slice(0, TOKENS).every((one, token) => bytes.readUInt16LE(index + 2 * token) === one - start)
    if (matches) return { at: start, texts: starts.slice(0, TOKENS).map((one) => textAt(bytes, one)), end: index + 2 * TOKENS }
  }
  return null
}

function findTokens(bytes: Buffer): Tokens | null {
  for (let at = bytes.indexOf(DIGITS); at >= 0; at = bytes.indexOf(DIGITS, at + 1)) {
    const tokens = tokensAt(bytes, at)
    if (tokens) return tokens
  }
  return null
}

interface Markers {
  readonly at: number
  readonly count: number
}

/** Bytes that 256 names take: the shortest have two, and none is longer than 512 characters. */
const MARKER_STEP = { min: 2 * MARKED, max: 130 * MARKED } as const

/** The longest table before `end` that looks like markers: numbers that grow from 0 by what 256 names take. */
function findMarkers(bytes: Buffer, end: number): Markers | null {
  let found: Markers | null = null
  const first = Math.max(0, end - 4 * COUNT.max)
  for (let at = bytes.lastIndexOf(ZERO, end); at > first; at = bytes.lastIndexOf(ZERO, at - 1)) {
    if (at % 4 !== 0) continue
    let last = at
    while (last + 8 <= end && isMarkerStep(bytes.readUInt32LE(last + 4) - bytes.readUInt32LE(last))) last += 4
    const count = (last - at) / 4 + 1
    if (count > COUNT.min / MARKED && count > (found?.count ?? 0)) found = { at, count }
  }
  return found
}

function isMarkerStep(step: number): boolean {
  return step >= MARKER_STEP.min && step <= MARKER_STEP.max
}

/** Where each name begins, and where the last one ends; null when no `count` names lie there. */
function namesAt(
  bytes: Buffer,
  start: number,
  count: number,
  limit: number,
): { readonly starts: readonly number[]; readonly end: number } | null {
  const starts: number[] = []
  let at = start
  for (let name = 0; name < count; name += 1) {
    if (at >= limit) return null
    starts.push(at)
    const low = bytes.readUInt8(at)
    // Since 6.1 a long name has its length in two bytes.
    const long = low >= 0x80
    at += long ? 2 + ((low & 0x7f) | (bytes.readUInt8(at + 1) << 7)) : 1 + low
  }
  return at <= limit ? { starts, end: at } : null
}

interface Names {
  /** Of the number of symbols, before the names. */
  readonly countAt: number
  readonly count: number
  readonly starts: readonly number[]
}

/** The names that these markers are of. Their number stands before them. */
function findNames(bytes: Buffer, { at: end, count: markers }: Markers): Names | null {
  const last = bytes.readUInt32LE(end + 4 * (markers - 1))
  for (let at = align(end - last - 8, 4) - 8; at > 8 && at > end - 16 * last; at -= 4) {
    const count = bytes.readUInt32LE(at)
    if (count <= (markers - 1) * MARKED || count > markers * MARKED || count < COUNT.min || count > COUNT.max) continue
    for (const start of [at + 4, at + 8]) {
      const names = namesAt(bytes, start, count, end)
      const isMarked = names?.starts.every(
        (one, name) => name % MARKED !== 0 || bytes.readUInt32LE(end + 4 * (name / MARKED)) === one - start,
      )
      if (names && isMarked && align(names.end, 8) === align(end, 8)) return { countAt: at, count, starts: names.starts }
    }
  }
  return null
}

/** The addresses of a table, if `address` reads its numbers as the kernel does: then they are in order. */
function addressesAt(
  bytes: Buffer,
  table: number,
  count: number,
  address: (number: number, index: number) => bigint,
): readonly bigint[] | null {
  if (table < 0 || table + 4 * count > bytes.length) return null
  const addresses = Array.from({ length: count }, (_, index) => address(bytes.readInt32LE(table + 4 * index), index))
  const isOrdered = addresses.every((one, index) => one >= (addresses[index - 1] ?? 0n))
  return isOrdered && (addresses.at(-1) ?? 0n) >= LOWEST_ADDRESS ? addresses : null
}

/** Numbers that count from a base, which lies at `baseAt`. */
function countedFrom(bytes: Buffer, baseAt: number): ((number: number) => bigint) | null {
  if (baseAt < 0 || baseAt + 8 > bytes.length) return null
  const base = bytes.readBigUInt64LE(baseAt)
  if (base < LOWEST_ADDRESS) return null
  return (number) => base + BigInt(number >>> 0)
}

/** The same with absolute addresses of per-CPU symbols: the numbers of all others are negative, and count from -1. */
function countedDown(bytes: Buffer, baseAt: number): ((number: number) => bigint) | null {
  const up = countedFrom(bytes, baseAt)
  return up && ((number) => (number < 0 ? up(-1 - number) : BigInt(number)))
}

/**
 * Before 6.4 or so the addresses stand before the number of symbols, since then behind the tokens; since 7.0 each number counts
 * from its own place.
 */
function findAddresses(bytes: Buffer, address: bigint, { countAt, count }: Names, tokens: Tokens): readonly bigint[] | null {
  const size = align(4 * count, 8)
  const before = { baseAt: countAt - 8, tables: [countAt - 8 - size, countAt - 8 - 4 * count] }
  const after = [8, 4].map((to) => align(tokens.end, to)).map((table) => ({ baseAt: table + size, tables: [table] }))
  for (const { baseAt, tables } of [...after, before]) {
    for (const table of tables) {
      const fromHere = (number: number, index: number): bigint => address + BigInt(table + 4 * index + number)
      for (const way of [countedDown(bytes, baseAt), countedFrom(bytes, baseAt), fromHere]) {
        const found = way && addressesAt(bytes, table, count, way)
        if (found) return found
      }
    }
  }
  return null
}

/** The symbols of a kernel by address; null when these bytes, its section .rodata at `address`, have no such tables. */
export function readKallsyms(bytes: Buffer, address: bigint): KernelSymbol[] | null {
  const tokens = findTokens(bytes)
  const markers = tokens && findMarkers(bytes, tokens.at)
  const names = markers && findNames(bytes, markers)
  const addresses = names && findAddresses(bytes, address, names, tokens)
  if (!addresses) return null
  return addresses.map((at, index) => {
    const start = names.starts[index] ?? 0
    const low = bytes.readUInt8(start)
    const long = low >= 0x80
    const from = start + (long ? 2 : 1)
    const length = long ? (low & 0x7f) | (bytes.readUInt8(start + 1) << 7) : low
    let text = ''
    for (const token of bytes.subarray(from, from + length)) text += tokens.texts[token] ?? ''
    return { name: text.slice(1), address: at, type: text.slice(0, 1) }
  })
}
