/** Shows a run while it is under way: one moving line on a terminal, plain lines elsewhere. Always on stderr. */
import type { KernelProgress } from '#harness/kernels/index.ts'
import type { RunEvent, RunEventListener } from '#run/context/events.ts'
import { oneLine } from '#render/text/format.ts'

export interface Progress {
  readonly onEvent: RunEventListener
  /** Take the moving line away. */
  readonly end: () => void
}

const TROUBLE = ['error', 'unrelated-crash', 'no-boot', 'infra']
const REDRAW_MS = 100
/** Milliseconds without a line after which one says that the work goes on. */
const SILENCE_MS = 20_000
/** Share of all cells that must be done before the time of the others is guessed. */
const MIN_SHARE = 0.1

function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** What a kernel's provider does, with how much of it is done. */
function doingOf({ kernel, message, doneBytes, totalBytes }: KernelProgress): string {
  const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
  const size = doneBytes === null || totalBytes === null ? '' : `, ${mib(doneBytes)} of ${mib(totalBytes)} MiB`
  return `${kernel ?? 'kernels'}: ${message}${size}`
}

/** Guest text on one line, with nothing in it that could move a cursor. */
const shortLine = (text: string) => oneLine(text).slice(0, 300)

/** A line worth keeping for this event, or null for one that only moves the progress. */
function lineFor(event: RunEvent, isTerminal: boolean): string | null {
  switch (event.kind) {
    case 'note':
      return event.text
    case 'kernel': {
      const { kernel, message, doneBytes, totalBytes, transient } = event.progress
      const isUnderWay = transient === true || (doneBytes !== null && doneBytes !== totalBytes)
      return isTerminal || isUnderWay ? null : `${kernel ?? 'kernels'}: ${message}`
    }
    case 'kernel-failed':
      return `${event.kernel}: not available: ${event.message}`
    case 'guest-ready':
      return isTerminal
        ? null
        : `${event.kernel}: booted in ${event.seconds.toFixed(1)} s (${event.bootMethod}, ${event.profile})`
    case 'attempt-done': {
      const trouble = TROUBLE.includes(event.outcome)
      if (isTerminal && !trouble) return null
      const why = trouble ? `: ${shortLine(event.summary)}` : ''
      return `${event.kernel} ${event.case}: ${event.outcome} (${event.seconds.toFixed(1)} s)${why}`
    }
    case 'attempt-started':
    case 'cell-done':
      return null
  }
}

/** Progress on this stream. `now` gives milliseconds. */
export function createProgress(stream: NodeJS.WriteStream, now: () => number): Progress {
  const isTerminal = stream.isTTY === true && process.env['TERM'] !== 'dumb'
  let done = 0
  let total = 0
  let first = 0
  let started = now()
  /** The attempts under way, in the order of their starts. */
  const running = new Set<string>()
  const began = now()
  let doing = ''
  let drawn = 0
  let printed = now()
  let isOver = false

  function status(): string {
    // The first cells say little of the others: a race takes a hundred times as long as most cases.
    const left = done - first >= Math.max(1, total * MIN_SHARE) ? ((now() - started) / (done - first)) * (total - done) : null
    const time = left === null ? '' : `, ${clock(left / 1000)} left`
    const newest = doing || [...running].at(-1) || ''
    return total === 0 ? newest : `${done} of ${total} cells, ${running.size} running${time}${newest && ` | ${newest}`}`
  }

  function draw(force: boolean): void {
    if (!isTerminal || (!force && now() - drawn < REDRAW_MS)) return
    drawn = now()
    stream.write(`\r\x1b[K${status().slice(0, Math.max(20, (stream.columns ?? 80) - 1))}`)
  }

  function print(line: string): void {
    printed = now()
    stream.write(`${isTerminal ? '\r\x1b[K' : ''}kwitness: ${shortLine(line)}\n`)
  }

  /** A log that says nothing for long leaves its reader in doubt. */
  function breakSilence(): void {
    if (isOver || isTerminal || now() - printed < SILENCE_MS) return
    print(`still at it after ${Math.round((now() - began) / 1000)} s: ${status() || 'preparing'}`)
  }
  setInterval(breakSilence, SILENCE_MS / 4).unref()

  return {
    onEvent: (event) => {
      isOver = false
      const line = lineFor(event, isTerminal)
      if (line !== null) print(line)
      if (event.kind === 'attempt-started') {
        if (running.size === 0 && done === 0) started = now()
        running.add(`${event.kernel} ${event.case}`)
        doing = ''
      } else if (event.kind === 'attempt-done') running.delete(`${event.kernel} ${event.case}`)
      else if (event.kind === 'cell-done') {
        if (total === 0) first = event.done
        done = event.done
        total = event.total
      } else if (event.kind === 'kernel') doing = shortLine(doingOf(event.progress))
      draw(event.kind !== 'kernel')
    },
    end: () => {
      isOver = true
      if (isTerminal) stream.write('\r\x1b[K')
    },
  }
}
