/** What the rules look at: the evidence and its readings, with the tests laid out flat. */
import type { Case } from '#domain/case.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { Outcome, Reason } from '#domain/judgement.ts'
import type { ConsoleReading } from '#domain/splat.ts'
import type { TestPoint, TestStream } from '#domain/tests.ts'
import { readTrials, type TrialsReading } from './trials.ts'

/** What the readers made of the two logs of an attempt. */
export interface Reading {
  readonly console: ConsoleReading
  readonly tests: TestStream
  /** Cleaned console lines, where the caller has them. */
  readonly consoleLines?: readonly string[]
}

export interface Facts {
  readonly evidence: Evidence
  readonly reading: Reading
  readonly theCase: Case
  /** Every point of every document, parents before their children. */
  readonly points: readonly TestPoint[]
  /** The points without children: what was really tested. */
  readonly leaves: readonly TestPoint[]
  readonly trials: TrialsReading
}

/** One thing a rule saw; the rule's id is added by whoever asks it. */
export type Observation = Omit<Reason, 'rule'>

/** Say what was seen and where; no line means the whole of that log. */
export function observed(channel: Reason['channel'], text: string, line: number | null = null): Observation {
  return { channel, line, text }
}

/** Looks for something worth telling, whatever the outcome. */
export interface Note {
  readonly id: string
  readonly look: (facts: Facts) => readonly Observation[]
}

/** Decides, when it is the first of the ordered rules to see something. */
export interface Rule extends Note {
  readonly outcome: Outcome
  /** What is worth telling beside it, where that is not what it is for every other rule of this outcome. */
  readonly notes?: readonly Note[]
}

/** Lay out the facts of an attempt. */
export function gatherFacts(evidence: Evidence, reading: Reading, theCase: Case): Facts {
  const flat = (points: readonly TestPoint[]): TestPoint[] => points.flatMap((point) => [point, ...flat(point.children)])
  const points = flat(reading.tests.documents.flatMap((document) => document.points))
  const leaves = points.filter((point) => point.children.length === 0)
  return { evidence, reading, theCase, points, leaves, trials: readTrials(reading.tests) }
}
