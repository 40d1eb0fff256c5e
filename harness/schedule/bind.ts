/** A schedule with the addresses and offsets of one kernel, read from its image. */
import { readFile } from 'node:fs/promises'
import type { KernelImage } from '#domain/kernel.ts'
import type { Schedule } from '#domain/race/schedule.ts'
import type { BoundSchedule } from './actors.ts'
import { isBtf, readBtf, type MemberOffset } from './image/btf.ts'
import { contentOf, readSections } from './image/elf.ts'
import { readKallsyms } from './image/kallsyms.ts'
import { codeSymbols, type CodeSymbols } from './image/symbols.ts'

/** What the image of a kernel says of its code and types. */
export interface ImageFacts {
  readonly symbols: CodeSymbols
  /** Null where the image has no types. */
  readonly offsetOf: MemberOffset | null
}

/** Read the facts of an image; or why that is not possible, in one clause. */
export async function readImage({ vmlinux }: Pick<KernelImage, 'vmlinux'>): Promise<ImageFacts | string> {
  if (vmlinux === null) return 'the kernel has no vmlinux to read its symbols from'
  const file = await readFile(vmlinux)
  const sections = readSections(file)
  const constants = sections.find(({ name }) => name === '.rodata')
  const content = contentOf(file, constants)
  const symbols = constants && content ? readKallsyms(content, constants.address) : null
  if (!symbols) return 'the image of the kernel has no symbols that can be read'
  const types = contentOf(
    file,
    sections.find(({ name }) => name === '.BTF'),
  )
  return { symbols: codeSymbols(symbols), offsetOf: types && isBtf(types) ? whenAsked(types) : null }
}

/** Offsets from these types, which are read when the first one is wanted: that takes a second. */
function whenAsked(types: Buffer): MemberOffset {
  let read: MemberOffset | null | undefined
  return (path) => {
    if (read === undefined) read = readBtf(types)
    return read?.(path) ?? null
  }
}

/** The schedule on this kernel; or what the kernel lacks of it, in one clause. */
export function bindSchedule(schedule: Schedule, { symbols, offsetOf }: ImageFacts): BoundSchedule | string {
  const { symbol: names, argument, leave } = schedule.window
  const symbol = names.find((name) => symbols.address(name) !== null)
  const enter = symbol === undefined ? null : symbols.address(symbol)
  if (symbol === undefined || enter === null) return `the kernel has no function ${names.join(' or ')}`
  const memberOffset = argument.member === null ? null : (offsetOf?.(argument.member) ?? argument.offset)
  if (argument.member !== null && memberOffset === null) return `the image does not say where ${argument.member} lies`
  const waits = schedule.waits.flatMap((wait) => {
    const address = symbols.address(wait.symbol)
    return address === null ? [] : [[address, wait] as const]
  })
  const leaves = leave.flatMap((name) => symbols.address(name) ?? [])
  return { schedule, symbol, enter, leaves: new Set(leaves), memberOffset, waits: new Map(waits) }
}
