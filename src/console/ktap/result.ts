/** A result line of KTAP, `not ok 3 - name # SKIP why`, read character by character: a stream can have millions. */
import type { TestStatus } from '#domain/tests.ts'

/** What stands behind the ` # ` of a result. */
export interface Directive {
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

export const NO_DIRECTIVE: Directive = { status: null, reason: '', unknown: null }

/** Digits of the largest number that is meant. */
export const MAX_DIGITS = 9

const DASH = 0x2d
const ZERO = 0x30

/** Whether a character is white space. */
function isBlank(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d)
  return /\s/.test(String.fromCharCode(code))
}

/** Whether a character is a decimal digit. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** The index behind the white space that begins at `from`. */
export function skipBlanks(text: string, from: number): number {
  let at = from
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1
  return at
}

/** The index behind the digits that begin at `from`. */
export function skipDigits(text: string, from: number): number {
  let at = from
  while (at < text.length && isDigit(text.charCodeAt(at))) at += 1
  return at
}

/** The number that stands between two places of a text, in digits: at most MAX_DIGITS of them. */
export function numberAt(text: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at += 1) number = number * 10 + text.charCodeAt(at) - ZERO
  return number
}

const OK_LENGTH = 2

/** Behind the `ok` or `not ok` that a line begins with; 0 where it is not a result. */
function wordEnd(line: string): number {
  const end = line.startsWith('ok') ? OK_LENGTH : line.startsWith('not ok') ? 6 : 0
  return line.length === end || isBlank(line.charCodeAt(end)) ? end : 0
}

/** Whether `readResult` reads a line. */
export const isResult = (line: string): boolean => wordEnd(line) > 0

/** Read a line without indentation, or null where it is not a result. */
export function readResult(line: string): ResultLine | null {
  const start = wordEnd(line)
  if (start === 0) return null
  const ok = start === OK_LENGTH
  const first = skipBlanks(line, start)
  const last = skipDigits(line, first)
  const isNumber = last > first && (last === line.length || isBlank(line.charCodeAt(last)))
  if (!isNumber) return (last > first ? readCounted(line, ok, last) : null) ?? named(line, first, ok, null, null)
  if (last - first > MAX_DIGITS) return named(line, last, ok, null, line.slice(first, last))
  return named(line, last, ok, numberAt(line, first, last), null)
}

/** Kselftest of 4.17 to 4.20: a plan where the number would be, and the status behind the name. */
const COUNT = /^\.\.(\d{1,9})\s/
const COUNTED_MARK = /\[(?:PASS|FAIL|SKIP)\]$/
const MARK_LENGTH = 6

/** `not ok 1..3 selftests: breakpoint_test [SKIP]`, `at` behind the 1; null where the line is none of those. */
function readCounted(line: string, ok: boolean, at: number): ResultLine | null {
  const text = line.startsWith('.', at) ? line.slice(at).trimEnd() : ''
  const count = text.endsWith(']') && COUNTED_MARK.test(text.slice(-MARK_LENGTH)) ? COUNT.exec(text) : null
  if (!count) return null
  const words = text.slice(count[0].length, -MARK_LENGTH).trim()
  if (!words.startsWith('selftests:')) return null
  const name = `selftests: ${words.slice('selftests:'.length).trimStart()}`
  const status = text.endsWith('[SKIP]') ? 'skip' : null
  return { kind: 'result', ok, number: Number(count[1]), badNumber: null, name, status, reason: '', unknown: null }
}

/** A result without a directive. */
function plain(ok: boolean, number: number | null, badNumber: string | null, name: string): ResultLine {
  return { kind: 'result', ok, number, badNumber, name, status: null, reason: '', unknown: null }
}

const BARE_OK = plain(true, null, null, '')
const BARE_NOT_OK = plain(false, null, null, '')

/** The result whose name and directive begin at `from`. */
function named(line: string, from: number, ok: boolean, number: number | null, badNumber: string | null): ResultLine {
  const start = skipBlanks(line, from)
  const isBare = start === line.length
  // Of the shortest lines a stream can have the most: nothing is made, searched or cut for them.
  if (isBare && number === null && badNumber === null) return ok ? BARE_OK : BARE_NOT_OK
  const mark = isBare ? -1 : line.indexOf('#', start)
  if (mark < 0) return plain(ok, number, badNumber, isBare ? '' : withoutDash(line, start, line.length))
  const { name, directive } = splitDirective(line.slice(from), mark - from, ok)
  const { status, reason, unknown } = directive
  return { kind: 'result', ok, number, badNumber, name: withoutDash(name, 0, name.length), status, reason, unknown }
}

/** Part of a text without the blanks around it and the dash that may stand before a name. */
function withoutDash(text: string, from: number, to: number): string {
  let start = skipBlanks(text, from)
  let end = to
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  if (start < end && text.charCodeAt(start) === DASH && (start + 1 === end || isBlank(text.charCodeAt(start + 1)))) {
    start = Math.min(end, skipBlanks(text, start + 1))
  }
  return text.slice(start, end)
}

/**
 * Part a name from its directive, or from the free text KTAP allows behind ` # `. A known directive further along the line
 * wins over free text before it; `#42` and `\#` (TAP 14) are part of the name. kselftest.h prints the directive in place of
 * the name: the name is then empty. `first` is where the first mark is.
 */
function splitDirective(text: string, first: number, ok: boolean): { name: string; directive: Directive } {
  let free = -1
  for (let mark = first; mark >= 0; mark = text.indexOf('#', mark + 1)) {
    if (mark > 0 && !isBlank(text.charCodeAt(mark - 1))) continue
    const at = skipBlanks(text, mark + 1)
    if (isKnown(text, at, !ok)) return { name: plainName(text.slice(0, mark)), directive: readDirective(text.slice(at), !ok) }
    if (at > mark + 1 && free < 0) free = mark
  }
  if (free < 0) return { name: plainName(text), directive: NO_DIRECTIVE }
  return { name: plainName(text.slice(0, free)), directive: freeText(text.slice(free + 1).trim()) }
}

const KNOWN = /(?:[sS][kK][iI][pP]|[tT][oO][dD][oO]|(?:XFAIL|TIMEOUT|ERROR)\b)/y
/** The small `error` is that of kselftest.h's ksft_test_result_error, after `not ok` only. */
const KNOWN_FAILED = /(?:[sS][kK][iI][pP]|[tT][oO][dD][oO]|(?:XFAIL|TIMEOUT|ERROR|error)\b)/y

/** Whether a directive that is known begins at `at`. A line can have a thousand marks: nothing is cut out for each. */
function isKnown(text: string, at: number, failed: boolean): boolean {
  // The small letter of s, t, x or e.
  const first = at < text.length ? text.charCodeAt(at) | 0x20 : 0
  if (first !== 0x73 && first !== 0x74 && first !== 0x78 && first !== 0x65) return false
  const known = failed ? KNOWN_FAILED : KNOWN
  known.lastIndex = at
  return known.test(text)
}

function plainName(text: string): string {
  return (text.includes('\\') ? text.replaceAll('\\#', '#') : text).trim()
}

const TAP_DIRECTIVE = /^(skip|todo)\w*\b[\s:-]*(.*)$/is
const KTAP_DIRECTIVE = /^(XFAIL|TIMEOUT|ERROR|error)\b[\s:-]*(.*)$/s
/** XPASS is kselftest.h's: an expected failure that passed, counted as a pass there. */
const UNKNOWN = /^(?!XPASS\b)([A-Z][A-Z_]{2,})\b(?!=)/

const STATUS: Readonly<Record<string, TestStatus>> = {
  skip: 'skip',
  todo: 'todo',
  xfail: 'xfail',
  timeout: 'timeout',
  error: 'error',
}

/** Read the text behind a ` # `; `failed`: it stands behind `not ok`. */
export function readDirective(text: string, failed: boolean): Directive {
  if (!isKnown(text, 0, failed)) return freeText(text.trim())
  const [, word = '', reason = ''] = TAP_DIRECTIVE.exec(text) ?? KTAP_DIRECTIVE.exec(text) ?? []
  return { status: STATUS[word.toLowerCase()]!, reason: reason.trim(), unknown: null }
}

/** Text where a directive would stand: it has none, or one nobody knows. */
function freeText(reason: string): Directive {
  const isCapital = reason !== '' && reason.charCodeAt(0) <= 0x5a
  return { status: null, reason, unknown: isCapital ? (UNKNOWN.exec(reason)?.[1] ?? null) : null }
}
