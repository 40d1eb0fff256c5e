/**
 * The stream of kwitness-check (vm-images/check), read as it comes: a head, then each case with its own output, indented by two
 * spaces. A login shell may print before it, so all before the head is ignored.
 */

/** How a case ended, as kwitness-check saw it. */
interface CheckEnding {
  /** Exit status; null where a signal ended it, or it could not be ended. */
  readonly code: number | null
  readonly signal: number | null
  readonly timedOut: boolean
  /** It hangs in the kernel and cannot be killed. */
  readonly hung: boolean
  readonly seconds: number
}

export interface CheckedCase {
  readonly id: string
  readonly ending: CheckEnding
  /** /proc/sys/kernel/tainted before and after; null where it could not be read. */
  readonly taint: { readonly before: number | null; readonly after: number | null }
  /** Its own output, byte for byte. */
  readonly output: Buffer
  readonly droppedBytes: number
  /** What the kernel logged meanwhile. */
  readonly console: Buffer
}

/** What a stream holds so far. */
export interface CheckStream {
  /** By name: `host`, `release`, `build`, `machine` and what else vm-images/check/about.c prints. */
  readonly head: Readonly<Record<string, string>>
  /** Number of cases that were chosen; null before the head was read. */
  readonly planned: number | null
  readonly cases: readonly CheckedCase[]
  /** What could not be put back, or killed. */
  readonly left: readonly string[]
  /** Whether kwitness-check came to its end. */
  readonly isComplete: boolean
  /** What was printed before the head, at most its last 1,000 bytes: a banner, or what a shell said. */
  readonly before: string
  /** The first line that kwitness-check does not print; null without one. Nothing after it counts. */
  readonly problem: string | null
}

const KTAP = 'KTAP version 1'
const PROTOCOL = '# kwitness-check: 1'
const HEAD = /^# ([a-z-]+): (.*)$/
const PLAN = /^1\.\.(\d+)$/
const RESULT = /^(?:not )?ok \d+ \S+/
const CASE = new RegExp(
  '^# case: (\\S+) (exit|signal|hung)=(\\d+) timed-out=([01]) seconds=([\\d.]+) taint=(-?\\d+),(-?\\d+) ' +
    'bytes=\\d+ dropped=(\\d+) open=([01])$',
)
const MAX_BEFORE = 1000
const NEWLINE = 0x0a

/** A reader that calls `onCase` for each case as soon as it is whole. */
export class CheckReader {
  private readonly onCase: (one: CheckedCase) => void
  private readonly head: Record<string, string> = {}
  private readonly cases: CheckedCase[] = []
  private readonly left: string[] = []
  private phase: 'before' | 'protocol' | 'head' | 'cases' | 'end' = 'before'
  private planned: number | null = null
  private before = ''
  private problem: string | null = null
  /** The line that has not ended yet. */
  private pending: Buffer[] = []
  /** Of the case that has not ended yet, line by line. */
  private output: Buffer[] = []
  private console: string[] = []

  constructor(onCase: (one: CheckedCase) => void = () => undefined) {
    this.onCase = onCase
  }

  push(chunk: Buffer): void {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.pending.push(chunk.subarray(from, at))
      const line = this.pending.length === 1 ? this.pending[0]! : Buffer.concat(this.pending)
      this.pending = []
      from = at + 1
      this.take(line)
    }
    if (from < chunk.length) this.pending.push(Buffer.from(chunk.subarray(from)))
  }

  private take(line: Buffer): void {
    if (this.problem !== null || this.phase === 'end') return
    if (this.phase === 'before' || this.phase === 'protocol') return this.takeBefore(line)
    if (line[0] === 0x20 && line[1] === 0x20) return void this.output.push(Buffer.from(line.subarray(2)))
    const text = line.toString('utf8')
    if (this.phase === 'head') this.takeHead(text)
    else this.takeOwn(text)
  }

  private takeBefore(line: Buffer): void {
    const text = line.toString('utf8').trimEnd()
    if (this.phase === 'protocol' && text === PROTOCOL) {
      this.phase = 'head'
      this.before = this.before.slice(0, -(KTAP.length + 1))
      return
    }
    // A prompt or an echo without a newline may stand before it.
    this.phase = text.endsWith(KTAP) ? 'protocol' : 'before'
    this.before = `${this.before}${text}\n`.slice(-MAX_BEFORE)
  }

  private takeHead(text: string): void {
    const plan = PLAN.exec(text)
    const field = HEAD.exec(text)
    if (plan) {
      this.planned = Number(plan[1])
      this.phase = 'cases'
    } else if (field) this.head[field[1] ?? ''] = field[2] ?? ''
    else this.problem = text
  }

  private takeOwn(text: string): void {
    const ended = CASE.exec(text)
    const field = HEAD.exec(text)
    if (ended) this.takeCase(ended)
    else if (field?.[1] === 'kernel') this.console.push(field[2] ?? '')
    else if (field?.[1] === 'left') this.left.push(field[2] ?? '')
    else if (text === '# kwitness-check: end') this.phase = 'end'
    else if (!RESULT.test(text) && text !== '') this.problem = text
  }

  private takeCase([, id = '', how, number, timedOut, seconds, taintBefore, taintAfter, dropped, open]: RegExpExecArray): void {
    const value = Number(number)
    const lines = Buffer.concat(this.output.flatMap((line) => [line, Buffer.from('\n')]))
    const one: CheckedCase = {
      id,
      ending: {
        code: how === 'exit' ? value : null,
        signal: how === 'signal' ? value : null,
        timedOut: timedOut === '1',
        hung: how === 'hung',
        seconds: Number(seconds),
      },
      taint: { before: known(Number(taintBefore)), after: known(Number(taintAfter)) },
      output: open === '1' ? lines.subarray(0, -1) : lines,
      droppedBytes: Number(dropped),
      console: Buffer.from(this.console.map((line) => `${line}\n`).join('')),
    }
    this.output = []
    this.console = []
    this.cases.push(one)
    this.onCase(one)
  }

  result(): CheckStream {
    const { head, planned, cases, left, before, problem } = this
    return { head, planned, cases, left, isComplete: this.phase === 'end', before, problem }
  }
}

/** kwitness-check prints -1 for a taint that it could not read. */
function known(taint: number): number | null {
  return taint < 0 ? null : taint
}

/** Read a whole stream. */
export function readCheckStream(bytes: Uint8Array): CheckStream {
  const reader = new CheckReader()
  reader.push(Buffer.from(bytes))
  return reader.result()
}
