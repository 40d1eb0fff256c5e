/** One line of KTAP, read for what it says. */
import type { TestStatus } from '#domain/tests.ts'
import { AFTER_STAMP, STAMP } from '../lines.ts'

/** What stands behind the ` # ` of a result. */
interface Directive {
  /** The status it gives, or null where `ok` and `not ok` decide. */
  readonly status: TestStatus | null
  /** The text behind the directive; the whole text where there is none or an unknown one. */
  readonly reason: string
  /** A directive nobody knows: a word in capitals where SKIP or XFAIL would stand. */
  readonly unknown: string | null
}

export interface ResultLine extends Directive {
  readonly kind: 'result'
  readonly ok: boolean
  /** Null where the line has none, or one too large to be meant. */
  readonly number: number | null
  /** The digits of a number too large to be meant. */
  readonly badNumber: string | null
  readonly name: string
}

/** `1..3 # SKIP why` */
export interface PlanLine {
  readonly kind: 'plan'
  readonly first: number
  readonly last: number
  readonly directive: Directive
}

export type KtapLine =
  | ResultLine
  | PlanLine
  | { readonly kind: 'version' }
  | { readonly kind: 'bailout'; readonly reason: string }
  | { readonly kind: 'subtest'; readonly name: string }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'text' }

const VERSION = /^K?TAP version \d+(?:\.\d+)?\s*$/i
const PLAN = /^(\d{1,9})\.\.(\d{1,9})\s*(?:#\s*(.*))?$/
const RESULT = /^(not )?ok(?:\s+(\d+))?(?=\s|$)(.*)$/
const BAILOUT = /^bail out!\s*(.*)$/i
const SUBTEST = /^# Subtest(?:: ?(.*))?$/
const TEXT: KtapLine = { kind: 'text' }
const NO_DIRECTIVE: Directive = { status: null, reason: '', unknown: null }

/** Read a line that has no indentation and no prefix left. */
export function readLine(line: string): KtapLine {
  switch (line.charCodeAt(0)) {
    case 0x23: /* # */ {
      const subtest = SUBTEST.exec(line)
      if (subtest) return { kind: 'subtest', name: (subtest[1] ?? '').trim() }
      return { kind: 'comment', text: line.slice(line.charCodeAt(1) === 0x20 ? 2 : 1) }
    }
    case 0x6e: /* n */
    case 0x6f /* o */:
      return readResult(line)
    case 0x4b: /* K */
    case 0x54: /* T */
    case 0x6b: /* k */
    case 0x74 /* t */:
      return VERSION.test(line) ? { kind: 'version' } : TEXT
    case 0x42: /* B */
    case 0x62: /* b */ {
      const bailout = BAILOUT.exec(line)
      return bailout ? { kind: 'bailout', reason: (bailout[1] ?? '').trim() } : TEXT
    }
    default: {
      const plan = PLAN.exec(line)
      if (!plan) return TEXT
      const directive = plan[3] === undefined ? NO_DIRECTIVE : readDirective(plan[3], false)
      return { kind: 'plan', first: Number(plan[1]), last: Number(plan[2]), directive }
    }
  }
}

function readResult(line: string): KtapLine {
  const match = RESULT.exec(line)
  if (!match) return TEXT
  const ok = match[1] === undefined
  const digits = match[2] ?? null
  const tooLarge = digits !== null && digits.length > 9
  const number = digits === null || tooLarge ? null : Number(digits)
  const { name, directive } = splitDirective(match[3] ?? '', ok)
  return { kind: 'result', ok, number, badNumber: tooLarge ? digits : null, name: name.replace(/^-(?:\s+|$)/, ''), ...directive }
}

/**
 * Part a name from its directive, or from the free text KTAP allows behind ` # `. A known directive further along the line
 * wins over free text before it; `#42` and `\#` (TAP 14) are part of the name. kselftest.h prints the directive in place of
 * the name: the name is then empty.
 */
function splitDirective(text: string, ok: boolean): { name: string; directive: Directive } {
  if (!text.includes('#')) return { name: text.trim(), directive: NO_DIRECTIVE }
  let free = -1
  for (const mark of text.matchAll(/(?<=^|\s)#(\s*)/g)) {
    const at = mark.index + mark[0].length
    if (isKnown(text, at, !ok))
      return { name: plainName(text.slice(0, mark.index)), directive: readDirective(text.slice(at), !ok) }
    if (mark[1] !== '' && free < 0) free = mark.index
  }
  if (free < 0) return { name: plainName(text), directive: NO_DIRECTIVE }
  return { name: plainName(text.slice(0, free)), directive: readDirective(text.slice(free + 1).trimStart(), !ok) }
}

const KNOWN = /(?:[sS][kK][iI][pP]|[tT][oO][dD][oO]|(?:XFAIL|TIMEOUT|ERROR)\b)/y
const KNOWN_FAILED = /(?:[sS][kK][iI][pP]|[tT][oO][dD][oO]|(?:XFAIL|TIMEOUT|ERROR|error)\b)/y

/** Whether a directive that is known begins at `at`. A line can have a thousand marks: nothing is cut out for each. */
function isKnown(text: string, at: number, failed: boolean): boolean {
  const known = failed ? KNOWN_FAILED : KNOWN
  known.lastIndex = at
  return known.test(text)
}

function plainName(text: string): string {
  return text.replaceAll('\\#', '#').trim()
}

const TAP_DIRECTIVE = /^(skip|todo)\w*\b[\s:-]*(.*)$/i
const KTAP_DIRECTIVE = /^(XFAIL|TIMEOUT|ERROR)\b[\s:-]*(.*)$/
/** kselftest.h's ksft_test_result_error: in small letters, after `not ok` only. */
const SMALL_ERROR = /^error\b[\s:-]*(.*)$/
/** XPASS is kselftest.h's: an expected failure that passed, counted as a pass there. */
const UNKNOWN = /^(?!XPASS\b)([A-Z][A-Z_]{2,})\b(?!=)/

const STATUS: Readonly<Record<string, TestStatus>> = {
  skip: 'skip',
  todo: 'todo',
  xfail: 'xfail',
  timeout: 'timeout',
  error: 'error',
}

function readDirective(text: string, failed: boolean): Directive {
  const known = TAP_DIRECTIVE.exec(text) ?? KTAP_DIRECTIVE.exec(text)
  if (known) return { status: STATUS[known[1]!.toLowerCase()]!, reason: known[2]!.trim(), unknown: null }
  const error = failed ? SMALL_ERROR.exec(text) : null
  if (error) return { status: 'error', reason: error[1]!.trim(), unknown: null }
  return { status: null, reason: text.trim(), unknown: UNKNOWN.exec(text)?.[1] ?? null }
}

const GLUE = new RegExp(String.raw`(?:<\d{1,3}>)?${STAMP}${AFTER_STAMP}`)

/** What a line begins with that says something in KTAP, behind its indentation or marks. */
const MAY_SPEAK = /^[\s#]*[onKTktBb\d]/

/**
 * Part a line from kernel text printed into the middle of it, `ok 1 a[    3.14] BUG: ...`; null where there is none.
 * Only a line that says something in KTAP is parted: in others the stamp may be the test's own.
 */
export function unsplice(line: string): { own: string; glued: string } | null {
  if (!line.includes('[') || !MAY_SPEAK.test(line)) return null
  const stamp = GLUE.exec(line)
  if (!stamp) return null
  const own = line.slice(0, stamp.index).trimEnd()
  return speaks(own.replace(/^[\s#]+/, '')) ? { own, glued: line.slice(stamp.index + stamp[0].length) } : null
}

/** Whether a line says something in KTAP: a version, a plan, a result or a bail-out. */
export function speaks(line: string): boolean {
  const { kind } = readLine(line)
  return kind !== 'text' && kind !== 'comment' && kind !== 'subtest'
}

const COMMENTED_VERSION = /^(?:# )+K?TAP version \d+(?:\.\d+)?\s*$/i

/** What a child document would be indented by if this line opens one, else null. */
export function childIndent(rest: string): string | null {
  const first = rest.charCodeAt(0)
  if (first === 0x23 /* # */) return COMMENTED_VERSION.test(rest) ? '# ' : null
  if (first !== 0x20 && first !== 0x09) return null
  const indent = /^[ \t]+/.exec(rest)![0]
  const inner = readLine(rest.slice(indent.length))
  // A loose indented `ok` is prose; with its number it is a result.
  const opens = inner.kind === 'result' ? inner.number !== null : inner.kind !== 'text' && inner.kind !== 'comment'
  return opens ? indent : null
}
