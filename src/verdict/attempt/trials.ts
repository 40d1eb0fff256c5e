/** Trials as a reproducer reports them: the diagnostic lines `# kwitness: trials=N hits=M` and `# kwitness: trigger=NAME`. */
import type { Trials } from '#domain/control.ts'
import type { TestPoint, TestStream } from '#domain/tests.ts'

const TRIALS_MARK = /^\s*kwitness:\s*trials=/
const TRIALS = /^\s*kwitness: trials=(\d{1,15}) hits=(\d{1,15})\s*$/
const TRIGGER_MARK = /^\s*kwitness:\s*trigger=/
const TRIGGER = /^\s*kwitness: trigger=([a-z0-9_]{1,40})\s*$/

/**
 * Parse one diagnostic line, given without its `# `. Null for another subject; `malformed` for a line about trials without
 * numbers, or with more hits than trials.
 */
export function parseTrials(line: string): Trials | 'malformed' | null {
  if (!TRIALS_MARK.test(line)) return null
  const match = TRIALS.exec(line)
  if (!match) return 'malformed'
  const trials = Number(match[1])
  const hits = Number(match[2])
  return hits <= trials ? { hits, trials } : 'malformed'
}

/** Parse the name of a trigger from a diagnostic line, given without its `# `; null and `malformed` as with trials. */
export function parseTrigger(line: string): { readonly name: string } | 'malformed' | null {
  if (!TRIGGER_MARK.test(line)) return null
  const name = TRIGGER.exec(line)?.[1]
  return name === undefined ? 'malformed' : { name }
}

/** Sum of several counts; null when there are none. */
export function sumTrials(counts: readonly Trials[]): Trials | null {
  if (counts.length === 0) return null
  return counts.reduce((sum, next) => ({ hits: sum.hits + next.hits, trials: sum.trials + next.trials }))
}

export interface TrialsReading {
  /** Null when no line reported any. */
  readonly trials: Trials | null
  /** The code paths that lines name, each once. Trials of two code paths cannot be separated. */
  readonly triggers: readonly string[]
  readonly malformed: readonly string[]
}

/**
 * All trials of a stream. A reproducer may report a running count, so only the last line of a point (and of the document
 * itself) counts; points add up.
 */
export function readTrials(stream: TestStream): TrialsReading {
  const counts: Trials[] = []
  const triggers = new Set<string>()
  const malformed: string[] = []
  const take = (diagnostics: readonly string[]) => {
    let last: Trials | null = null
    for (const line of diagnostics) {
      const trials = parseTrials(line)
      const trigger = parseTrigger(line)
      if (trials === 'malformed' || trigger === 'malformed') malformed.push(line)
      else if (trials) last = trials
      else if (trigger) triggers.add(trigger.name)
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
  return { trials: sumTrials(counts), triggers: [...triggers], malformed }
}
