/** Trials as a reproducer reports them: the diagnostic line `# kwitness: trials=N hits=M`. */
import type { Trials } from '../domain/judgement.ts'
import type { TestPoint, TestStream } from '../domain/tests.ts'

const MARK = /^\s*kwitness:\s*trials=/
const LINE = /^\s*kwitness: trials=(\d{1,15}) hits=(\d{1,15})\s*$/

/**
 * Read one diagnostic line, given without its `# `. Null when it is about something else; `malformed` when it
 * means to report trials and cannot be believed: no numbers, or more hits than trials.
 */
export function parseTrials(line: string): Trials | 'malformed' | null {
  if (!MARK.test(line)) return null
  const match = LINE.exec(line)
  if (!match) return 'malformed'
  const trials = Number(match[1])
  const hits = Number(match[2])
  return hits <= trials ? { hits, trials } : 'malformed'
}

/** Sum of several counts; null when there are none. */
export function sumTrials(counts: readonly Trials[]): Trials | null {
  if (counts.length === 0) return null
  return counts.reduce((sum, next) => ({ hits: sum.hits + next.hits, trials: sum.trials + next.trials }))
}

export interface TrialsReading {
  /** Null when no line reported any. */
  readonly trials: Trials | null
  readonly malformed: readonly string[]
}

/**
 * All trials of a stream. A reproducer may report its running count, so the last line of a point (and of the
 * document itself) stands for it; points are separate and add up.
 */
export function readTrials(stream: TestStream): TrialsReading {
  const counts: Trials[] = []
  const malformed: string[] = []
  const take = (diagnostics: readonly string[]) => {
    let last: Trials | null = null
    for (const line of diagnostics) {
      const read = parseTrials(line)
      if (read === 'malformed') malformed.push(line)
      else if (read) last = read
    }
    if (last) counts.push(last)
  }
  const visit = (point: TestPoint) => {
    take(point.diagnostics)
    point.children.forEach(visit)
  }
  for (const document of stream.documents) {
    take(document.diagnostics)
    document.points.forEach(visit)
  }
  return { trials: sumTrials(counts), malformed }
}
