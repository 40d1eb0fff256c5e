/**
 * The reader of tests that speak no KTAP: `[PASS] name`, `name [FAIL]`, `name... done`, as a good part of the kernel's
 * selftests do. What it makes of them is a document like any other.
 */
import type { TestDocument, TestPoint, TestProblem, TestStatus, TestStream } from '#domain/tests.ts'
import { readTests } from './reader.ts'
import { append, createLineBuffer, drain } from './line-buffer.ts'
import { wasSeen } from './missing.ts'
import { createLineReader } from '../lines.ts'

const STATUSES: Readonly<Record<string, TestStatus>> = {
  PASS: 'pass',
  PASSED: 'pass',
  OK: 'pass',
  SKIP: 'skip',
  SKIPPED: 'skip',
  FAIL: 'fail',
  FAILED: 'fail',
  XFAIL: 'xfail',
  done: 'pass',
  skipped: 'skip',
  failed: 'fail',
}

const MARK = String.raw`\[\s*(PASS|PASSED|OK|SKIP|SKIPPED|FAIL|FAILED|XFAIL)\s*\]`
/** `[FAIL] name`, `[SKIP]: name`. */
const LEADING = new RegExp(String.raw`^[\s#]*${MARK}[\s:-]*(.*)$`)
/** The mark of `name ... [PASS]`; nothing but dots and blanks may follow. */
const TRAILING = new RegExp(String.raw`^${MARK}[\s.]*$`)
/** `Testing name... ` and what becomes of it, which may come some lines later. */
const ANNOUNCED = /^Testing (\S.*?)\.\.\. ?(.*)$/
const ENDED = new RegExp(String.raw`(?:^|\s)(?:(done|skipped|failed)|${MARK})$`)
/** The same with a reason, up to the end of the line. */
const ENDED_WITH_REASON = /(?:^|\s)(done|skipped|failed)\s{1,8}\[reason: /
/** Longest text that ENDED matches, and a character before it. */
const MAX_END = 40
/** `Userfaults unit tests: pass=2, skip=0, fail=0 (total=2)` */
const TOTALS = /\bpass=(\d{1,9}), skip=(\d{1,9}), fail=(\d{1,9})\b/
/** `[RUN] name`, and a name that stands for itself over a mark alone. */
const BEGUN = /^[\s#]*\[\s*RUN\s*\]\s*(\S.*)$/

/** What every line that says something has in it; under an announced test any line may. */
const MAY_SAY = /\[|^Testing |pass=/

/** Results read at most; a flood of more is reported as a problem. */
const MAX_POINTS = 10_000

/** Read tests in whatever dialect: KTAP where there is any, else loose text. Nothing is thrown, nothing dropped in silence. */
export function readAnyTests(output: Uint8Array): TestStream {
  const ktap = readTests(output)
  const speaks = ktap.documents.some((one) => one.planned !== null || one.bailOut !== null || one.points.some(wasSeen))
  if (speaks) return ktap
  const loose = readLoose(output)
  if (loose === null) return ktap
  const kept = ktap.problems.filter(({ kind }) => kind !== 'no-tests')
  return { documents: [loose], problems: kept }
}

/** Read loose text; null where nothing in it looks like a result. */
export function readLoose(output: Uint8Array): TestDocument | null {
  const loose = createLooseReader()
  const reader = createLineReader(loose.line)
  reader.push(output)
  const { badBytes } = reader.finish()
  return loose.finish(badBytes)
}

/** A reader of cleaned lines; `finish` gives the document, or null where nothing looked like a result. */
export function createLooseReader() {
  const points: TestPoint[] = []
  const problems: TestProblem[] = []
  const buffer = createLineBuffer()
  let leftOver = 0
  /** A test that was announced, and whose end has not come. */
  let open: { name: string; line: number; words: string } | null = null
  let begun: string | null = null

  function add(name: string, status: TestStatus, reason: string, line: number): void {
    if (points.length === MAX_POINTS) leftOver += 1
    else points.push({ number: points.length + 1, name, status, reason, line, diagnostics: drain(buffer), children: [] })
  }

  function giveUp(): void {
    if (open === null) return
    const words = open.words.trim()
    add(open.name, 'not-reported', `it was announced, and its end never came${words && `: ${words}`}`, open.line)
    open = null
  }

  function marked(line: string, number: number): boolean {
    const leading = LEADING.exec(line)
    const [mark = '', text = ''] = leading ? leading.slice(1) : trailingMark(line)
    const status = STATUSES[mark]
    if (status === undefined) return false
    giveUp()
    // A mark alone, or behind [RUN], is about the test that was begun.
    if (begun !== null) add(begun, status, text.trim(), number)
    else add(text.trim(), status, '', number)
    begun = null
    return true
  }

  function take(line: string, number: number): void {
    if (open === null && !MAY_SAY.test(line)) {
      if (line !== '') append(buffer, line)
      return
    }
    const announced = ANNOUNCED.exec(line)
    if (announced) {
      giveUp()
      open = { name: announced[1] ?? '', line: number, words: announced[2] ?? '' }
    }
    const ended = open === null ? null : endOf(announced ? (announced[2] ?? '') : line)
    if (open !== null && ended) {
      add(open.name, ended.status, ended.reason, number)
      open = null
      return
    }
    if (announced || marked(line, number)) return
    problems.push(...totalsOf(line, number, points))
    const run = BEGUN.exec(line)?.[1]?.trim()
    if (run !== undefined) {
      giveUp()
      begun = run
    } else if (line !== '') append(buffer, line)
  }

  function finish(badBytes: number): TestDocument | null {
    giveUp()
    if (points.length === 0) return null
    const lost = (message: string) => problems.push({ kind: 'protocol', message, line: null })
    if (badBytes > 0) lost(`${badBytes} bytes are not valid UTF-8`)
    if (leftOver > 0) lost(`${leftOver} more results are not listed`)
    return { points, planned: null, skipAll: null, bailOut: null, diagnostics: drain(buffer), problems }
  }

  return { line: take, finish }
}

/** How an announced test ended, where this text says so at its end. */
function endOf(text: string): { readonly status: TestStatus; readonly reason: string } | null {
  const whole = text.trimEnd()
  const because = ENDED_WITH_REASON.exec(whole)
  if (because) {
    const reason = whole.slice(because.index + because[0].length)
    return { status: STATUSES[because[1]!]!, reason: reason.endsWith(']') ? reason.slice(0, -1) : reason }
  }
  const ended = ENDED.exec(whole.slice(-MAX_END))
  return ended ? { status: STATUSES[ended[1] ?? ended[2]!]!, reason: '' } : null
}

/** Mark and name of `name ... [PASS]`; empty where the line does not end in a mark. */
function trailingMark(line: string): readonly string[] {
  const at = line.lastIndexOf('[')
  const mark = at > 0 ? TRAILING.exec(line.slice(at))?.[1] : undefined
  if (mark === undefined) return []
  let start = 0
  while (start < at && ' \t#'.includes(line[start]!)) start += 1
  let end = at
  while (end > start + 1 && ' \t:.'.includes(line[end - 1]!)) end -= 1
  return end > start ? [mark, line.slice(start, end)] : []
}

/** What is wrong with the sum a program gives of its tests, when this line is one. */
function totalsOf(line: string, number: number, points: readonly TestPoint[]): TestProblem[] {
  const said = TOTALS.exec(line)
  if (!said) return []
  const counted = (['pass', 'skip', 'fail'] as const).map((status) => points.filter((point) => point.status === status).length)
  const agrees = counted.every((count, index) => count === Number(said[index + 1]))
  if (agrees) return []
  const [pass, skip, fail] = counted
  const message = `its own sum is ${said[0]}, but there were pass=${pass}, skip=${skip}, fail=${fail}`
  return [{ kind: 'missing-result', message, line: number }]
}
