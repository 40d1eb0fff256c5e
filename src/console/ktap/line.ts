/** One line of KTAP, read for what it says. */
import { AFTER_STAMP, STAMP } from '../lines.ts'
import {
  isDigit,
  isResult,
  MAX_DIGITS,
  NO_DIRECTIVE,
  numberAt,
  readDirective,
  readResult,
  skipBlanks,
  skipDigits,
  type Directive,
  type ResultLine,
} from './result.ts'

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

// A dot that leaves out U+2028 makes an expression fail at its end, and try all other ways to get there.
const VERSION = /^K?TAP version \d+(?:\.\d+)?\s*$/i
const BAILOUT = /^bail out!\s*(.*)$/is
const SUBTEST = /^# Subtest(?:: ?(.*))?$/s
const TEXT: KtapLine = { kind: 'text' }
const VERSION_LINE: KtapLine = { kind: 'version' }

/** Lengths of `TAP version 1` and `bail out!`. */
const MIN_VERSION = 13
const MIN_BAILOUT = 9

const HASH = 0x23

/** 1 for the ASCII characters that a line cannot begin with if it is more than text of the outermost document. */
const PLAIN = Uint8Array.from({ length: 0x80 }, (_, code) => (/[^\s#onKTktBb\d]/.test(String.fromCharCode(code)) ? 1 : 0))

/** Whether a line is text of the outermost document, as its first character shows: no result, mark, plan or indentation. */
export function isPlainText(line: string): boolean {
  return PLAIN[line.charCodeAt(0)] === 1
}

/** Whether a line is a version line. */
export function isVersion(line: string): boolean {
  return line.length >= MIN_VERSION && 'kKtT'.includes(line.charAt(0)) && VERSION.test(line)
}

/** Read a line that has no indentation and no prefix left. */
export function readLine(line: string): KtapLine {
  if (line === '') return TEXT
  const first = line.charCodeAt(0)
  switch (first) {
    case HASH: {
      const subtest = line.startsWith('# Subtest') ? SUBTEST.exec(line) : null
      if (subtest) return { kind: 'subtest', name: (subtest[1] ?? '').trim() }
      return { kind: 'comment', text: line.slice(line.startsWith('# ') ? 2 : 1) }
    }
    case 0x6e: /* n */
    case 0x6f /* o */:
      return readResult(line) ?? TEXT
    case 0x4b: /* K */
    case 0x54: /* T */
    case 0x6b: /* k */
    case 0x74 /* t */:
      return isVersion(line) ? VERSION_LINE : TEXT
    case 0x42: /* B */
    case 0x62: /* b */ {
      const bailout = line.length >= MIN_BAILOUT ? BAILOUT.exec(line) : null
      return bailout ? { kind: 'bailout', reason: (bailout[1] ?? '').trim() } : TEXT
    }
    default:
      return isDigit(first) ? readPlan(line) : TEXT
  }
}

/** `1..3 # SKIP why`, read character by character as results are. */
function readPlan(line: string): KtapLine {
  const dots = skipDigits(line, 0)
  if (dots > MAX_DIGITS || !line.startsWith('..', dots)) return TEXT
  const end = skipDigits(line, dots + 2)
  if (end === dots + 2 || end - dots - 2 > MAX_DIGITS) return TEXT
  const mark = skipBlanks(line, end)
  if (mark < line.length && line.charCodeAt(mark) !== HASH) return TEXT
  const directive = mark === line.length ? NO_DIRECTIVE : readDirective(line.slice(skipBlanks(line, mark + 1)), false)
  return { kind: 'plan', first: numberAt(line, 0, dots), last: numberAt(line, dots + 2, end), directive }
}

const GLUE = new RegExp(String.raw`(?:<\d{1,3}>)?${STAMP}${AFTER_STAMP}`)

/** What a line begins with that says something in KTAP, behind its indentation or marks. */
const MAY_SPEAK = /^[\s#]*[onKTktBb\d]/

/** Length of `ok[1.234567]`. */
const MIN_SPLICED = 12

/** What a line says, and the kernel text that was printed into it. */
export interface Spliced {
  readonly own: string
  readonly glued: string
}

/**
 * Part a line from kernel text printed into the middle of it, `ok 1 a[    3.14] BUG: ...`; null where there is none.
 * Only a line that says something in KTAP is parted: in others the stamp may be the test's own.
 */
export function unsplice(line: string): Spliced | null {
  return line.length < MIN_SPLICED || !line.includes('[') ? null : unspliceAtStamp(line)
}

function unspliceAtStamp(line: string): Spliced | null {
  const stamp = maySpeak(line) ? GLUE.exec(line) : null
  if (!stamp) return null
  const own = line.slice(0, stamp.index).trimEnd()
  const said = own === '' || beginsBare(own) ? own : own.replace(/^[\s#]+/, '')
  return speaks(said) ? { own, glued: line.slice(stamp.index + stamp[0].length) } : null
}

/** Whether no blanks and marks stand before what a line says, as its first character shows. */
function beginsBare(line: string): boolean {
  const first = line.charCodeAt(0)
  return first > HASH && first < 0x80
}

function maySpeak(line: string): boolean {
  return beginsBare(line) ? !isPlainText(line) : MAY_SPEAK.test(line)
}

/** Whether a line says something in KTAP: a version, a plan, a result or a bail-out. */
export function speaks(line: string): boolean {
  if (isResult(line)) return true
  const { kind } = readLine(line)
  return kind !== 'text' && kind !== 'comment' && kind !== 'subtest'
}
