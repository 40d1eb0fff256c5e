/** Readers of option values. Each throws InvalidArgumentError, whose text says what to give instead. */
import { InvalidArgumentError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { splitSelectors } from '#harness/kernels/selector.ts'
import { parseVersion } from '#domain/version.ts'
import { RERUN_CHANGED, type Rerun } from '#plan/reuse.ts'

const MAX_SEED = 2n ** 64n - 1n
const MIN_MISS_PROBABILITY = 1e-12
const MAX_SECONDS = 86_400

/** Read a list separated by commas, and add it to what the option brought before. Blank items are left out. */
export function readList(text: string, before: readonly string[] = []): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  return [...before, ...items.filter((item) => item !== '')]
}

/** Read ids and globs of cases. A list without one is refused: zero cases are never a run. */
export function readCases(text: string, before: readonly string[] = []): readonly string[] {
  const cases = readList(text)
  if (cases.length === 0) throw new InvalidArgumentError('Name at least one case, by id or glob; kwitness cases lists them.')
  return [...before, ...cases]
}

/** Read commits of fixes. A list without one is refused: it would mean all of them. */
export function readFixes(text: string, before: readonly string[] = []): readonly string[] {
  const fixes = readList(text)
  if (fixes.length === 0)
    throw new InvalidArgumentError('Name at least one fix by its hash; kwitness controls --dry-run lists them.')
  return [...before, ...fixes]
}

/** Read kernel selectors. A list without one is refused: zero kernels are never a run. */
export function readSelectors(text: string, before: readonly string[] = []): readonly string[] {
  const selectors = splitSelectors(text)
  if (selectors.length > 0) return [...before, ...selectors]
  throw new InvalidArgumentError('Name at least one kernel; kwitness help selectors shows how.')
}

/** Collect a value that may hold commas of its own: the option is given again for another one. */
export function readAgain(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

/** Read series, `6.1` or `6.1.y`, separated by commas. Returns them as `6.1.y`. */
export function readSeriesNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = readList(text).map((name) => {
    const release = name.replace(/\.y$/, '')
    if (/^\d+\.\d+$/.test(release) && parseVersion(release)) return `${release}.y`
    throw new InvalidArgumentError(`${name} is not a series. Give one such as 6.1.y; kwitness kernels lists them.`)
  })
  if (names.length === 0) throw new InvalidArgumentError('Give a series such as 6.1.y; kwitness kernels lists them.')
  return [...before, ...names]
}

/** Read a port to listen on; 0 means any that is free. */
export function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('Give a whole number from 0 to 65535.')
}

/** Read an unsigned 64-bit number. Returns it in decimal. */
export function readSeed(text: string): string {
  if (/^\d{1,20}$/.test(text) && BigInt(text) <= MAX_SEED) return BigInt(text).toString()
  throw new InvalidArgumentError('Give a whole number from 0 to 2^64-1.')
}

/** Read a count: a whole number of at least 1. */
export function readCount(text: string): number {
  const count = Number(text)
  if (Number.isInteger(count) && count >= 1) return count
  throw new InvalidArgumentError('Give a whole number of at least 1.')
}

/** Read the probability of a miss. One that no run could bring down to is refused. */
export function readMissProbability(text: string): number {
  const probability = Number(text)
  if (probability >= MIN_MISS_PROBABILITY && probability < 1) return probability
  throw new InvalidArgumentError(`Give a probability from ${MIN_MISS_PROBABILITY} to below 1, such as 1e-6.`)
}

/** Read seconds, at most a day of them. */
export function readSeconds(text: string): number {
  const seconds = Number(text)
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds
  throw new InvalidArgumentError(`Give seconds, above 0 and at most ${MAX_SECONDS}.`)
}

const DURATIONS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const

/** Read a duration such as `90m`, `2h` or `30d`. Returns milliseconds. */
export function readDuration(text: string): number {
  const [, number, unit] = /^(\d{1,6}(?:\.\d+)?)([smhdw])$/.exec(text) ?? []
  if (number !== undefined && unit !== undefined) return Number(number) * DURATIONS[unit as keyof typeof DURATIONS] * 1000
  throw new InvalidArgumentError('Give a number and a unit, s, m, h, d or w: 30d, 2h.')
}

/** Read a time since when: a duration back from now, or a date. Returns ISO 8601, which compares as text. */
export function readSince(text: string): string {
  if (/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?$/.test(text)) {
    const time = new Date(text.length > 10 ? `${text.replace(' ', 'T')}Z` : text)
    if (!Number.isNaN(time.getTime())) return time.toISOString()
  }
  try {
    return new Date(Date.now() - readDuration(text)).toISOString()
  } catch {
    throw new InvalidArgumentError('Give a date, such as 2026-01-31, or how long ago: 7d, 2h.')
  }
}

const SIZES = ['', 'K', 'M', 'G', 'T']

/** Read a size such as `5G` or `512M`, in units of 1024. Returns bytes. */
export function readSize(text: string): number {
  const [, number, unit = ''] = /^(\d{1,15}(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text) ?? []
  if (number !== undefined) return Math.round(Number(number) * 1024 ** SIZES.indexOf(unit.toUpperCase()))
  throw new InvalidArgumentError('Give a number of bytes, with K, M, G or T: 5G, 512M.')
}

/** Read how many stay: a whole number, 0 for none. */
export function readKeep(text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count
  throw new InvalidArgumentError('Give a whole number, 0 for none.')
}

const RERUN_WORDS = 'changed, all, inconclusive, failed, sample=5%, sample=20, oldest=20'

/** Read which results run anew, as words separated by commas: what has changed always does. */
export function readRerun(text: string): Rerun {
  return text.split(',').reduce((rerun, word) => ({ ...rerun, ...readRerunWord(word.trim()) }), RERUN_CHANGED)
}

function readRerunWord(word: string): Partial<Rerun> {
  if (word === 'changed') return {}
  if (word === 'all' || word === 'inconclusive' || word === 'failed') return { [word]: true }
  const [, percent] = /^sample=(\d+(?:\.\d+)?)%$/.exec(word) ?? []
  if (percent !== undefined && Number(percent) <= 100) return { sample: { share: Number(percent) / 100 } }
  const [, name, count] = /^(sample|oldest)=(\d{1,9})$/.exec(word) ?? []
  if (name === 'sample') return { sample: { count: Number(count) } }
  if (name === 'oldest') return { oldest: Number(count) }
  throw new InvalidArgumentError(`Give one or more of: ${RERUN_WORDS}.`)
}

/** Read what guests have around a case: `debian`, or `debian:SUITE`. */
export function readUserland(text: string): string {
  if (text.startsWith('image:')) return text
  const [, suite = 'bookworm'] = /^debian(?::([a-z][a-z0-9-]*))?$/.exec(text) ?? [undefined, '']
  if (suite !== '') return `debian:${suite}`
  throw new InvalidArgumentError('Give debian, debian:SUITE such as debian:trixie, or image:PATH.')
}

/** The values that are there: for objects that leave out what an option did not bring. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

/**
 * Have the options and arguments of a command, and of its subcommands, refuse a value that is blank: of a script it is mostly a
 * variable that nobody set, and means everything, or nothing, on some commands.
 */
export function refuseBlankValues(command: CommandUnknownOpts): void {
  const options = command.options.filter(({ required, optional }) => required || optional)
  for (const taken of [...options, ...command.registeredArguments]) {
    if (guarded.has(taken)) continue
    guarded.add(taken)
    // Commander has the parser of both under this name, and declares it for options alone.
    const parsed = taken as { parseArg?: ((text: string, before: unknown) => unknown) | undefined; readonly variadic: boolean }
    const { parseArg, variadic } = parsed
    const plain = (text: string, before: unknown) => (variadic ? [...(Array.isArray(before) ? before : []), text] : text)
    parsed.parseArg = (text, before) => {
      const value = (parseArg ?? plain)(text, before)
      if (text.trim() === '') throw new InvalidArgumentError('Give a value that is not blank.')
      return value
    }
  }
  for (const one of command.commands) refuseBlankValues(one)
}

/** Options are shared between commands: each is guarded once. */
const guarded = new WeakSet<object>()
