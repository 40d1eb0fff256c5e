/** Which row of the table a line matches: heads are found by their literals, then held against the message they begin. */
import { AFTER_STAMP, STAMP } from '../lines.ts'
import { codesOf, createLiteralSearch } from './literals.ts'
import { LABELS, MAX_BEFORE, START, WORDS, literalOf, type SplatRule } from './rule.ts'
import { IGNORED, type IgnoreRule } from './ignored.ts'
import { BANNER_RULE, CUT_RULE, RULES } from './table.ts'

export interface Match {
  readonly rule: SplatRule | IgnoreRule
  /** The row says what to pass over. */
  readonly isIgnored: boolean
  /** The message with the head, without what stood before it on the line or was glued behind it. */
  readonly message: string
}

/** What may stand before a head: the common answers are found without an expression. */
type Before = 'start' | 'labels' | 'words' | 'other'

interface Head {
  readonly rule: SplatRule | IgnoreRule
  /** Rows of lower rank win. */
  readonly rank: number
  /** Null where the literal is all of it. */
  readonly pattern: RegExp | null
  readonly length: number
  readonly before: Before
  readonly expression: RegExp
}

function kindOf(before: RegExp): Before {
  if (before === START) return 'start'
  if (before === LABELS) return 'labels'
  return before === WORDS ? 'words' : 'other'
}

const ROWS = [...IGNORED, CUT_RULE, BANNER_RULE, ...RULES]
const HEADS: readonly Head[] = ROWS.flatMap((rule, rank) =>
  rule.heads.map((head) => {
    const literal = literalOf(head)
    return {
      rule,
      rank,
      pattern: head.source.replaceAll(/\\(?=\W)/g, '') === literal ? null : new RegExp(head.source, 'y'),
      length: literal.length,
      before: kindOf(rule.before ?? LABELS),
      expression: rule.before ?? LABELS,
    }
  }),
)
const SHORTEST = Math.min(...HEADS.map(({ length }) => length))
const SEARCH = createLiteralSearch(ROWS.flatMap(({ heads }) => heads.map(literalOf)))

/** A stamp inside a line: another message begins behind it, glued there by another CPU or put behind a prompt. */
const INNER_STAMP = new RegExp(STAMP + AFTER_STAMP, 'y')

/** What is last in the prompt that a shell or getty prints before a message that has no stamp, but for a blank. */
const PROMPT_ENDS = codesOf(']>#$%~:')
/** Places of a line that are looked at as behind a prompt: more than one stand in no real line. */
const MAX_PROMPTS = 4
const QUOTE = /["'`]/

const SPACE = 0x20
const COLON = 0x3a

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
  if (line.length < SHORTEST) return null
  // Most lines have no literal of the table.
  const count = SEARCH.search(line)
  return count === 0 ? null : matchHeads(line, kind, count)
}

/** The same for a line in which so many literals were found. */
function matchHeads(line: string, kind: LineKind, count: number): Match | null {
  let best: Head | null = null
  let bestStart = 0
  const starts = messageStarts(line)
  const mayPrompt = kind === 'stampless' && !isResult(line)
  let last = 0
  /** The message whose labels were read last, and how many ends of them LABEL_ENDS has. */
  let labelled = -1
  let labels = 0
  let prompts = 0
  /** The place looked at last, and whether a message begins there, behind a prompt. */
  let prompted = -1
  let begins = false
  for (let found = 0; found < count; found += 1) {
    const head = HEADS[SEARCH.literals[found]!]!
    if (best !== null && head.rank >= best.rank) continue
    const at = SEARCH.ends[found]! - head.length
    // Literals come in the order of their ends, so the search for a start only goes on, or a few steps back.
    while (last + 1 < starts.length && starts[last + 1]! <= at) last += 1
    while (last > 0 && starts[last]! > at) last -= 1
    const start = starts[last]!
    let own = at === start && head.before !== 'other'
    if (!own && head.before === 'labels' && mayEndLabel(line, at)) {
      if (labelled !== start) {
        labels = findLabelEnds(line, start)
        labelled = start
      }
      own = isLabelEnd(at, labels)
    } else if (!own && head.before !== 'labels') own = allows(head, line, start, at)
    if (!own) {
      if (!mayPrompt || start > 0) continue
      if (at !== prompted) {
        prompted = at
        begins = prompts < MAX_PROMPTS && isBehindPrompt(line, at)
        if (begins) {
          prompts += 1
          begins = !QUOTE.test(line.slice(Math.max(0, at - MAX_BEFORE), at))
        }
      }
      if (!begins) continue
    }
    if (head.pattern !== null) {
      head.pattern.lastIndex = at
      if (!head.pattern.test(line)) continue
    }
    best = head
    bestStart = own ? start : at
  }
  if (best === null) return null
  const isWhole = bestStart === 0 && starts.length === 1
  return { rule: best.rule, isIgnored: best.rank < IGNORED.length, message: isWhole ? line : messageAt(line, bestStart, starts) }
}

/** The message that begins at `start`, up to the next one. */
function messageAt(line: string, start: number, starts: readonly number[]): string {
  const end = starts.find((one) => one > start)
  return end === undefined ? line.slice(start) : withoutStamp(line.slice(start, end))
}

/** Whether the text from `start` to `at`, not empty for the common answers, may stand before a head that takes no labels. */
function allows({ before, expression }: Head, line: string, start: number, at: number): boolean {
  if (before === 'start' || at - start > MAX_BEFORE) return false
  if (before === 'words') return !isWord(line.charCodeAt(at - 1))
  return expression.test(line.slice(start, at))
}

/** Whether a line is a result of KTAP: the ` # ` in it is not a prompt. */
function isResult(line: string): boolean {
  let at = 0
  while (line.charCodeAt(at) === SPACE) at += 1
  return line.startsWith('ok ', at) || line.startsWith('not ok ', at)
}

/** Whether a prompt ends at `at`, as `# `, `$ ` or `login: ` do. */
function isBehindPrompt(line: string, at: number): boolean {
  const last = line.charCodeAt(at - 1) === SPACE ? at - 2 : at - 1
  const code = line.charCodeAt(last)
  if (PROMPT_ENDS[code] !== 1) return false
  return code !== COLON || line.endsWith('login', last) || line.endsWith('assword', last)
}

const MAX_LABELS = 3
const MAX_WORDS = 3
const MAX_WORD = 40

/** The start of a message, and where up to three labels of LABELS end that follow it. */
const LABEL_ENDS = new Int32Array(MAX_LABELS + 1)

/** Whether a label can end at `at`: most heads that stand elsewhere are told by two characters. */
function mayEndLabel(line: string, at: number): boolean {
  return line.charCodeAt(at - 1) === SPACE && line.charCodeAt(at - 2) === COLON
}

function isLabelEnd(at: number, count: number): boolean {
  for (let index = 0; index < count; index += 1) if (LABEL_ENDS[index] === at) return true
  return false
}

/** Fill LABEL_ENDS for the message at `start`; returns how many there are. */
function findLabelEnds(line: string, start: number): number {
  LABEL_ENDS[0] = start
  let count = 1
  let at = start
  for (let words = 0; count <= MAX_LABELS && words < MAX_WORDS; words += 1) {
    const from = at
    while (at - from <= MAX_WORD && LABEL_CODES[line.charCodeAt(at)] === 1) at += 1
    if (at === from || at - from > MAX_WORD) break
    const code = line.charCodeAt(at)
    if (code === SPACE) at += 1
    else if (code === COLON && line.charCodeAt(at + 1) === SPACE) {
      at += 2
      if (at - start > MAX_BEFORE) break
      LABEL_ENDS[count] = at
      count += 1
      words = -1
    } else break
  }
  return count
}

/** Whether a character is one of `\w`. */
const isWord = (code: number): boolean => WORD_CODES[code] === 1

const WORD_TEXT = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const WORD_CODES = codesOf(WORD_TEXT)
/** What LABELS may hold. */
const LABEL_CODES = codesOf(`${WORD_TEXT}.,+/()[]@-`)

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
