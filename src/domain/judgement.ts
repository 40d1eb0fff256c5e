/** The words of the deciding side: of an attempt, of a cell, of the paperwork, and of the two held together. */
import type { RaceStanding, Trials } from './control.ts'

/** `reported` is of programs of suites alone: they came to their end with results of whatever kind. */
export type Outcome = 'reproduced' | 'clean' | 'reported' | 'skipped' | 'broken' | 'unrelated-crash' | 'no-boot' | 'infra'

export type Verdict = 'carries' | 'lacks' | 'unproven' | 'not-applicable' | 'broken' | 'missing'

export type Claim = 'carried' | 'missing' | 'unknown'

export type Finding = 'agrees' | 'claimed-but-lacks' | 'carried-unclaimed' | 'unproven'

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
  /** The road the case took to its race, by its own word; null when it named none. */
  readonly trigger: string | null
}

export interface CellJudgement {
  readonly verdict: Verdict
  /** One sentence for people. */
  readonly because: string
  readonly reasons: readonly Reason[]
  readonly trials: Trials | null
  /** Chance that a clean cell hides the bug, or null where it cannot be said. */
  readonly missChance: number | null
  /** What the trials of a race are worth; null for a deterministic case, and where no trials were made. */
  readonly race: RaceStanding | null
}
