/** Which row of the table a line matches: heads are found by their literals, then held against the message they begin. */
import { AFTER_STAMP, STAMP } from '../lines.ts'
import { codesOf, createLiteralSearch } from './literals.ts'
import { LABELS, MAX_BEFORE, START, WORDS, literalOf, type SplatRule } from './rule.ts'
import { BANNER_RULE, CUT_RULE, IGNORED, RULES, type IgnoreRule } from './table.ts'

export interface Match {
  readonly rule: SplatRule | IgnoreRule
  /** The message with the head, without what stood before it on the line or was glued behind it. */
  readonly message: string
}

interface Head {
  readonly rule: SplatRule | IgnoreRule
  /** Rows of lower rank win. */
  readonly rank: number
  readonly pattern: RegExp
  readonly length: number
  readonly before: RegExp
}

const HEADS: readonly Head[] = [...IGNORED, CUT_RULE, BANNER_RULE, ...RULES].flatMap((rule, rank) =>
  rule.heads.map((head) => ({
    rule,
    rank,
    pattern: new RegExp(head.source, 'y'),
    length: literalOf(head).length,
    before: rule.before ?? LABELS,
  })),
)
const SEARCH = createLiteralSearch([...IGNORED, CUT_RULE, BANNER_RULE, ...RULES].flatMap(({ heads }) => heads.map(literalOf)))

/** A stamp inside a line: another message begins behind it, glued there by another CPU or put behind a prompt. */
const INNER_STAMP = new RegExp(STAMP + AFTER_STAMP, 'y')

/** What a shell or getty prints before a message that has no stamp. */
const PROMPT = /(?:[\]>#$%~]|login:|assword:) ?$/
/** What is last in it, but for a blank. */
const PROMPT_ENDS = codesOf(']>#$%~:')
/** Longest text that PROMPT matches. */
const MAX_PROMPT = 10
/** Places of a line that are looked at as behind a prompt: more than one stand in no real line. */
const MAX_PROMPTS = 4
const QUOTE = /["'`]/

/** How sure it is that a message begins where its line does. */
export type LineKind =
  /** printk's stamp was taken off the line: messages begin there and behind inner stamps only. */
  | 'stamped'
  /** Without a stamp in a log that has them: what a program printed, or a message that lost its stamp. */
  | 'unstamped'
  /** A log without stamps: messages may stand behind a prompt. */
  | 'stampless'

/** The first row of the table that matches the line, or null. */
export function matchLine(line: string, kind: LineKind): Match | null {
  // Most lines have no literal of the table.
  return SEARCH.first(line) === 0 ? null : matchHeads(line, kind)
}

function matchHeads(line: string, kind: LineKind): Match | null {
  let best: Head | null = null
  let bestStart = 0
  const starts = messageStarts(line)
  let last = 0
  let prompts = 0
  let prompted = -1
  SEARCH.forEach(line, (number, end) => {
    const head = HEADS[number]!
    if (best !== null && head.rank >= best.rank) return
    const at = end - head.length
    // Literals come in the order of their ends, so the search for a start only goes on, or a few steps back.
    while (last + 1 < starts.length && starts[last + 1]! <= at) last += 1
    while (last > 0 && starts[last]! > at) last -= 1
    const start = starts[last]!
    const own = beginsMessage(line, start, at, head, start === 0 ? kind : 'stamped')
    if (own < 0) return
    if (own > start && at !== prompted) {
      if (prompts === MAX_PROMPTS) return
      prompts += 1
      prompted = at
    }
    head.pattern.lastIndex = at
    if (!head.pattern.test(line)) return
    best = head
    bestStart = own
  })
  if (best === null) return null
  const { rule } = best as Head
  const end = starts.length === 1 ? undefined : starts.find((one) => one > bestStart)
  return { rule, message: end === undefined ? line.slice(bestStart) : withoutStamp(line.slice(bestStart, end)) }
}

/** Where the message of a head at `at` begins, or -1 where those words are in the middle of something else. */
function beginsMessage(line: string, start: number, at: number, { before }: Head, kind: LineKind): number {
  if (at - start <= MAX_BEFORE && allows(before, line, start, at)) return start
  if (kind !== 'stampless' || at === 0) return -1
  const last = line.charCodeAt(line.charCodeAt(at - 1) === 0x20 ? at - 2 : at - 1)
  if (PROMPT_ENDS[last] !== 1 || !PROMPT.test(line.slice(Math.max(start, at - MAX_PROMPT), at))) return -1
  return QUOTE.test(line.slice(Math.max(start, at - MAX_BEFORE), at)) ? -1 : at
}

/** Whether `before` allows the text from `start` to `at`; the common answer, no, comes from its last characters. */
function allows(before: RegExp, line: string, start: number, at: number): boolean {
  if (before === START) return at === start
  if (before === LABELS) {
    if (at === start) return true
    if (line.charCodeAt(at - 1) !== 0x20 || line.charCodeAt(at - 2) !== 0x3a) return false
  }
  if (before === WORDS) return at === start || !/\w/.test(line.charAt(at - 1))
  return before.test(line.slice(start, at))
}

const LINE_START: readonly number[] = [0]

/** 0 and the ends of inner stamps, in order. */
function messageStarts(line: string): readonly number[] {
  let starts: number[] | null = null
  let at = line.indexOf('[')
  while (at >= 0) {
    const next = line.charCodeAt(at + 1)
    INNER_STAMP.lastIndex = at
    const isStamp = (next === 0x20 || isDigit(next)) && INNER_STAMP.test(line)
    if (isStamp) (starts ??= [0]).push(INNER_STAMP.lastIndex)
    at = line.indexOf('[', isStamp ? INNER_STAMP.lastIndex : at + 1)
  }
  return starts ?? LINE_START
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const TRAILING_STAMP = new RegExp(`(?:<\\d{1,3}>)?${STAMP}${AFTER_STAMP}$`)

function withoutStamp(text: string): string {
  return text.replace(TRAILING_STAMP, '').trimEnd()
}
