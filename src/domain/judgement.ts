/** What is concluded: of an attempt, of a cell, of the claim sources, and of verdict and claim compared. */
import type { RaceStanding, Trials } from './control.ts'
import type { ScheduleRecord, ScheduleStanding } from './race/schedule.ts'

/** What one attempt showed. Only programs of suites are `reported`: they ended and gave results, whatever those are. */
export type Outcome = 'reproduced' | 'not-reproduced' | 'reported' | 'skipped' | 'error' | 'unrelated-crash' | 'no-boot' | 'infra'

/** Whether a kernel carries the fix of a case, by experiment. */
export type Verdict = 'carries' | 'lacks' | 'inconclusive' | 'not-applicable' | 'error' | 'no-result'

/** A verdict in the words of VEX and OSV, for tools that read those. */
export type FixStatus = 'fixed' | 'affected' | 'not_affected' | 'unknown'

const FIX_STATUS: Readonly<Record<Verdict, FixStatus>> = {
  carries: 'fixed',
  lacks: 'affected',
  inconclusive: 'unknown',
  'not-applicable': 'not_affected',
  error: 'unknown',
  'no-result': 'unknown',
}

/** The VEX status of a verdict. */
export function fixStatusOf(verdict: Verdict): FixStatus {
  return FIX_STATUS[verdict]
}

/** Whether the claim sources list a fix for a kernel. */
export type Claim = 'listed' | 'not-listed' | 'unknown'

/** Verdict and claim compared. `not-comparable`: one of the two says nothing about the fix. */
export type Finding = 'agrees' | 'listed-still-affected' | 'fixed-not-listed' | 'not-comparable'

/** Why: one line of evidence behind an outcome. `kwitness explain` prints these. */
export interface Reason {
  /** Where it was seen. */
  readonly channel: 'console' | 'output' | 'agent' | 'qemu' | 'host'
  /** 1-based line in that log, or null for the whole of it. */
  readonly line: number | null
  /** Id of the rule that drew the conclusion. */
  readonly rule: string
  readonly text: string
}

/** How an attempt ended, in a word people know. */
export type EndingWord =
  | 'clean exit'
  | 'panic'
  | 'oops, went on'
  | 'triple fault'
  | 'guest stopped'
  | 'case hung'
  | 'kernel hung'
  | 'qemu gone'
  | 'no boot'
  | 'garbled'
  | 'infra'

export interface AttemptJudgement {
  readonly outcome: Outcome
  readonly ending: EndingWord
  readonly reasons: readonly Reason[]
  readonly trials: Trials | null
  /** The code path by which the case triggered its race, as the case names it; null when it named none. */
  readonly codePath: string | null
  /** What the debugger saw, of a case with a schedule. */
  readonly schedule?: ScheduleRecord
}

export interface CellJudgement {
  readonly verdict: Verdict
  /** One sentence for people. */
  readonly summary: string
  readonly reasons: readonly Reason[]
  readonly trials: Trials | null
  /** Probability (0..1) that a cell without a hit hides the bug; null where no reference rate is known. */
  readonly missProbability: number | null
  /** What the trials of a race are worth; null for a deterministic case, and where no trials were made. */
  readonly race: RaceStanding | null
  /** What was tried of a schedule; absent for any other case, and where nothing was. */
  readonly schedule?: ScheduleStanding
}
