/** The shape of a row of the splat table, and how a row is found in a line. */
import type { SplatSeverity } from '#domain/splat.ts'

export interface SplatRule {
  readonly id: string
  readonly severity: SplatSeverity
  /**
   * The words of the headline, each pattern from a literal of at least four characters on, which is what a line is searched
   * for. Repeats are bounded: a guest that floods its log with half a headline must not slow the reader down.
   */
  readonly heads: readonly RegExp[]
  /** What may stand between the start of the message and its head; the default is LABELS. */
  readonly before?: RegExp
  /**
   * A line that can stand inside a report begun by another line: it joins that report instead of opening its own.
   * `head`: only before the report's stack trace (`Oops:` under `BUG:`); `any`: wherever a report is open.
   */
  readonly part?: 'head' | 'any'
  /** The headline names no function: the one in RIP is added to the title. */
  readonly placeFromTrace?: true
  /** Its report comes behind a cut line that follows. */
  readonly announces?: true
  /** The report ends with a line of `=`. */
  readonly fenced?: true
  /** Its head ends in a panic that belongs to it. */
  readonly endsInPanic?: true
  /** A boot loader's words: before the kernel has said anything they are how a log begins. */
  readonly afterKernel?: true
  /** Words that drivers use for much less: only a stack trace makes a report of them, with this severity. */
  readonly withTrace?: SplatSeverity
}

const NOTHING_ELSE = {
  before: undefined,
  part: undefined,
  placeFromTrace: undefined,
  announces: undefined,
  fenced: undefined,
  endsInPanic: undefined,
  afterKernel: undefined,
  withTrace: undefined,
}

/** The same row with all its fields, absent or not: V8 then looks each up in one place, whatever the row. */
export function withAllFields(rule: SplatRule): SplatRule {
  return { ...NOTHING_ELSE, ...rule } as SplatRule
}

/** The message begins with its head. */
export const START = /^$/

/** Labels such as `watchdog: ` or `NMI watchdog: `, three at most, of three words at most. */
export const LABELS = /^(?:[\w.,+/()[\]@-]{1,40}(?: [\w.,+/()[\]@-]{1,40}){0,2}: ){0,3}$/

/** The name of a program, which may hold anything, or any other words. */
export const WORDS = /(?:^|\W)$/

/** `WARNING: `, or `[ INFO: ` before 4.11. */
export const LOCKDEP = /^(?:\[ )?(?:WARNING|INFO|BUG): (?:\S{1,40} )?$/

/** The name of a task, as hung tasks have it. */
export const TASK = /^(?:[\w ]{1,20}: )?INFO: task /

/** Longest text before a head that is looked at. */
export const MAX_BEFORE = 160

/** The literal with which a pattern begins. */
export function literalOf({ source }: RegExp): string {
  const literal = /^(?:[\w :,'"!<>#=@%&;~/-]|\\[[\]().*+?/{}|^$-])+/.exec(source)?.[0] ?? ''
  // What is repeated, or one of several, is not literal.
  const next = source.charAt(literal.length)
  const sure = '?*{'.includes(next) && next !== '' ? literal.replace(/\\?.$/, '') : literal
  return sure.replaceAll(/\\(.)/g, '$1')
}
