/**
 * The reader of tests that speak no KTAP: `[PASS] name`, `name [FAIL]`, `name... done`, as a good part of the kernel's
 * selftests do. What it makes of them is a document like any other.
 */
import type { TestDocument, TestPoint, TestStatus } from '#domain/tests.ts'
import { append, createLineBuffer, drain, leftOutNote } from './line-buffer.ts'
import { addProblem, problemsOf, type Problematic } from './problems.ts'
import { createRoom, keptLines, keptText, type Room } from './room.ts'

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
const LEADING = new RegExp(String.raw`^[\s#]*${MARK}[\s:-]*(.*)$`, 's')
/** The mark of `name ... [PASS]`; nothing but dots and blanks may follow. */
const TRAILING = new RegExp(String.raw`${MARK}[\s.]*$`, 'y')
/** `Testing name... ` and what becomes of it, which may come some lines later. */
const ANNOUNCED = /^Testing (\S.*?)\.\.\. ?(.*)$/s
const ENDED = new RegExp(String.raw`(?:^|\s)(?:(done|skipped|failed)|${MARK})$`)
/** The same with a reason, up to the end of the line. */
const ENDED_WITH_REASON = /(?:^|\s)(done|skipped|failed)\s{1,8}\[reason: /
/** Longest text that ENDED matches, and a character before it. */
const MAX_END = 40
/** `Userfaults unit tests: pass=2, skip=0, fail=0 (total=2)` */
const TOTALS = /\bpass=(\d{1,9}), skip=(\d{1,9}), fail=(\d{1,9})\b/
/** `[==========] 2 / 3 tests passed.` */
const SUM = /^\[=+\] \d{1,9} \/ \d{1,9} tests passed\./
/** `[RUN] name`, and a name that stands for itself over a mark alone. */
const BEGUN = /^[\s#]*\[\s*RUN\s*\]\s*(\S.*)$/s

const NO_CHILDREN: readonly [] = []

/** Results read at most; a flood of more is reported as a problem. */
const MAX_POINTS = 10_000

/** Length of `[OK]`. */
const MIN_MARK = 4

/** Whether a line that says nothing else can be the end of a test that was announced: by its last character. */
function mayEnd(line: string): boolean {
  if (line.length < MIN_MARK) return false
  const last = line.charCodeAt(line.length - 1)
  // `done`, `failed`, `skipped`, a mark, or one of these before blanks.
  return last === 0x65 || last === 0x64 || last === 0x5d || last <= 0x20 || last >= 0x80
}

/** Whether a line can say something where no test was announced. */
function maySay(line: string): boolean {
  if (line.length < MIN_MARK) return false
  return line.includes('[') || line.startsWith('Testing ') || line.includes('pass=')
}

/**
 * A reader of cleaned lines: `line` takes each with its number; `finish` gives the document, or null where nothing looked like a
 * result. `bounded`: the stream may never end, so that the text kept is bounded too.
 */
export class LooseReader {
  private readonly room: Room
  private readonly points: TestPoint[] = []
  private readonly counts = { pass: 0, skip: 0, fail: 0 }
  private readonly problems: Problematic
  private readonly buffer = createLineBuffer()
  private leftOver = 0
  /** A test that was announced, and whose end has not come. */
  private open: { readonly name: string; readonly line: number; readonly words: string } | null = null
  private begun: string | null = null
  /** The line before was the sum of kselftest_harness.h; the mark alone under it is that of the program. */
  private summed = false

  constructor({ bounded = false }: { readonly bounded?: boolean } = {}) {
    this.room = createRoom(bounded)
    this.problems = { room: this.room, problems: null }
  }

  private add(name: string, status: TestStatus, reason: string, line: number): void {
    if (status === 'pass' || status === 'skip' || status === 'fail') this.counts[status] += 1
    const lines = drain(this.buffer)
    this.room.text -= name.length + reason.length
    if (this.points.length === MAX_POINTS || this.room.text < 0) {
      this.leftOver += 1
      return
    }
    const diagnostics = keptLines(this.room, lines) ?? [leftOutNote(lines.length)]
    const number = this.points.length + 1
    const [ownName, ownReason] = [keptText(this.room, name), keptText(this.room, reason)]
    this.points.push({ number, name: ownName, status, reason: ownReason, line, diagnostics, children: NO_CHILDREN })
  }

  private giveUp(): void {
    if (this.open === null) return
    const words = this.open.words.trim()
    this.add(this.open.name, 'not-reported', `it was announced, and its end never came${words && `: ${words}`}`, this.open.line)
    this.open = null
  }

  private marked(line: string, number: number): boolean {
    if (!line.includes(']')) return false
    const found = leadingMark(line) ?? trailingMark(line)
    if (found === null) return false
    const [mark, text] = found
    const status = STATUSES[mark]!
    this.giveUp()
    // A mark alone, or behind [RUN], is about the test that was begun.
    const words = text.trim()
    if (this.begun !== null) this.add(this.begun, status, words === this.begun ? '' : words, number)
    else if (words !== '' || !this.summed) this.add(words, status, '', number)
    this.summed = false
    this.begun = null
    return true
  }

  line(line: string, number: number): void {
    if (!maySay(line) && (this.open === null || !mayEnd(line))) {
      if (this.open !== null) this.summed = false
      if (line !== '') append(this.buffer, line)
      return
    }
    const announced = line.startsWith('Testing ') ? ANNOUNCED.exec(line) : null
    if (announced) {
      this.giveUp()
      this.open = { name: announced[1] ?? '', line: number, words: announced[2] ?? '' }
    }
    const ended = this.open === null ? null : endOf(announced ? (announced[2] ?? '') : line)
    if (this.open !== null && ended) {
      this.add(this.open.name, ended.status, ended.reason, number)
      this.open = null
      return
    }
    if (announced || this.marked(line, number)) return
    if (line.includes('pass=')) this.checkTotals(line, number)
    this.summed = line.startsWith('[=') && SUM.test(line)
    const run = line.includes('RUN') ? BEGUN.exec(line)?.[1]?.trim() : undefined
    if (run !== undefined) {
      this.giveUp()
      this.begun = run
    } else if (line !== '') append(this.buffer, line)
  }

  /** Hold the sum a program gives of its tests against those that came, when this line is one. */
  private checkTotals(line: string, number: number): void {
    const said = TOTALS.exec(line)
    if (!said) return
    const { pass, skip, fail } = this.counts
    if ([pass, skip, fail].every((count, index) => count === Number(said[index + 1]))) return
    const message = () => `its own sum is ${said[0]}, but there were pass=${pass}, skip=${skip}, fail=${fail}`
    addProblem(this.problems, 'missing-result', message, number)
  }

  finish(badBytes: number): TestDocument | null {
    this.giveUp()
    if (this.points.length === 0) return null
    const lost = (message: string) => addProblem(this.problems, 'protocol', () => message, null)
    if (badBytes > 0) lost(`${badBytes} bytes are not valid UTF-8`)
    if (this.leftOver > 0) lost(`${this.leftOver} more results are not listed`)
    const { points } = this
    return {
      points,
      planned: null,
      skipAll: null,
      bailOut: null,
      diagnostics: drain(this.buffer),
      problems: problemsOf(this.problems),
    }
  }
}

/** How an announced test ended, where this text says so at its end. */
function endOf(text: string): { readonly status: TestStatus; readonly reason: string } | null {
  const whole = text.trimEnd()
  const because = whole.includes('[reason: ') ? ENDED_WITH_REASON.exec(whole) : null
  if (because) {
    const reason = whole.slice(because.index + because[0].length)
    return { status: STATUSES[because[1]!]!, reason: reason.endsWith(']') ? reason.slice(0, -1) : reason }
  }
  // `done`, `failed`, `skipped`, or a mark.
  if (!/[de\]]$/.test(whole.slice(-1))) return null
  const ended = ENDED.exec(whole.slice(-MAX_END))
  return ended ? { status: STATUSES[ended[1] ?? ended[2]!]!, reason: '' } : null
}

/** The code of a character that may stand before a name: a blank, a tab, `#`. */
const isBefore = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x23
/** The code of one that may stand between a name and its mark: a blank, a tab, a colon, a dot. */
const isBehind = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x3a || code === 0x2e

/** Whether LEADING can match: `[` is the first character but blanks and `#`, or one that is no ASCII stands before it. */
function mayLead(line: string): boolean {
  for (let at = 0; at < line.length; at += 1) {
    const code = line.charCodeAt(at)
    if (code > 0x20 && code !== 0x23) return code === 0x5b || code >= 0x80
  }
  return false
}

/** Mark and name of `[PASS] name`; null where the line does not begin with a mark. */
function leadingMark(line: string): readonly [string, string] | null {
  const match = mayLead(line) ? LEADING.exec(line) : null
  return match && [match[1]!, match[2]!]
}

/** Mark and name of `name ... [PASS]`; null where the line does not end in a mark. */
function trailingMark(line: string): readonly [string, string] | null {
  const at = line.lastIndexOf('[')
  if (at <= 0) return null
  TRAILING.lastIndex = at
  if (!TRAILING.test(line)) return null
  let start = 0
  while (start < at && isBefore(line.charCodeAt(start))) start += 1
  let end = at
  while (end > start + 1 && isBehind(line.charCodeAt(end - 1))) end -= 1
  return end > start ? [line.slice(at + 1, line.indexOf(']', at)).trim(), line.slice(start, end)] : null
}
