/** The input of the rules: the evidence and its readings, with the tests in one flat list. */
import type { Case } from '#domain/case.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { Outcome, Reason } from '#domain/judgement.ts'
import type { ConsoleReading } from '#domain/splat.ts'
import type { TestPoint, TestStream } from '#domain/tests.ts'
import { readTrials, type TrialsReading } from './trials.ts'

/** The two logs of an attempt as the readers parsed them. */
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
  /** The points without children, which hold the real results. */
  readonly leaves: readonly TestPoint[]
  readonly trials: TrialsReading
}

/** One observation of a rule; the caller adds the rule's id. */
export type Observation = Omit<Reason, 'rule'>

/** An observation in a log; no line means the whole log. */
export function observed(channel: Reason['channel'], text: string, line: number | null = null): Observation {
  return { channel, line, text }
}

/** Looks for something worth reporting, whatever the outcome. */
export interface Note {
  readonly id: string
  readonly look: (facts: Facts) => readonly Observation[]
}

/** Decides the outcome if it is the first of the ordered rules to observe something. */
export interface Rule extends Note {
  readonly outcome: Outcome
  /** Notes to report beside it, where they differ from those of the other rules of this outcome. */
  readonly notes?: readonly Note[]
}

/** Collect the facts of an attempt. */
export function gatherFacts(evidence: Evidence, reading: Reading, theCase: Case): Facts {
  const flat = (points: readonly TestPoint[]): TestPoint[] => points.flatMap((point) => [point, ...flat(point.children)])
  const points = flat(reading.tests.documents.flatMap((document) => document.points))
  const leaves = points.filter((point) => point.children.length === 0)
  return { evidence, reading, theCase, points, leaves, trials: readTrials(reading.tests) }
}
