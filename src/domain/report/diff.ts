/** Two runs compared: what became of each result. */
import type { Claim, Finding, Verdict } from '../judgement.ts'
import type { Report, ReportAttempt, ReportCase, ReportCell } from './matrix.ts'

/**
 * What became of a result from one run to the next.
 *
 * - `regressed`, `fixed`: the bug came, or went
 * - `flaky`: both answers for the same kernel image
 * - `no-longer-decided`, `newly-decided`: an answer was lost, or found
 * - `listing-changed`: the same answer, and the claim sources say something else than before
 * - `spurious`: this time the infrastructure gave no answer
 * - `appeared`, `gone`: only one of the two runs has the result
 */
export type Change =
  | 'regressed'
  | 'flaky'
  | 'no-longer-decided'
  | 'spurious'
  | 'fixed'
  | 'newly-decided'
  | 'listing-changed'
  | 'gone'
  | 'appeared'
  | 'same'

/** Every word, in the order in which a person must act on them. */
export const CHANGES: readonly Change[] = [
  'regressed',
  'flaky',
  'no-longer-decided',
  'spurious',
  'fixed',
  'newly-decided',
  'listing-changed',
  'gone',
  'appeared',
  'same',
]

/** What one of two runs says. */
export interface DiffSide {
  /** Id of the kernel, which is another one where a kernel was replaced or is new in its branch. */
  readonly kernel: string
  /** sha256 of its image, null when not known. */
  readonly image: string | null
  readonly verdict: Verdict
  readonly claim: Claim
  readonly claimSource: string
  readonly finding: Finding
  readonly summary: string
  /** Evidence id of the attempt that decided, null without an attempt. */
  readonly attempt: string | null
}

/** One result that is not the same. */
export interface DiffEntry {
  readonly change: Change
  readonly case: string
  readonly title: string
  readonly series: string
  /** Version of the kernel that the newer run has, or of the one that is gone. */
  readonly version: string
  /** Guest profile, which tells KVM from TCG. */
  readonly profile: string
  readonly before: DiffSide | null
  readonly after: DiffSide | null
  /** One sentence. */
  readonly summary: string
}

export interface DiffRun {
  readonly id: string
  readonly startedAt: string
  readonly complete: boolean
}

/** As much of a result as is compared. */
export interface ComparedCell extends Pick<
  ReportCell,
  'kernel' | 'case' | 'profile' | 'verdict' | 'claim' | 'claimSource' | 'finding' | 'summary'
> {
  readonly attempts: readonly Pick<ReportAttempt, 'id'>[]
}

/** As much of a report as is compared: every report is one, too. */
export interface ComparedReport extends Pick<Report, 'kernels' | 'controls'> {
  readonly run: DiffRun
  readonly cases: readonly Pick<ReportCase, 'id' | 'title'>[]
  readonly cells: readonly ComparedCell[]
}

/** The report of a comparison: one plain object that every renderer is a function of. */
export interface RunDiff {
  readonly schema: 'kwitness.diff/1'
  readonly before: DiffRun
  readonly after: DiffRun
  /** Ids of the kernels that only one of the runs has. */
  readonly kernels: { readonly appeared: readonly string[]; readonly gone: readonly string[] }
  /** By what a person must act on, then by kernel and case. Results that are the same are counted alone. */
  readonly entries: readonly DiffEntry[]
  readonly counts: Readonly<Record<Change, number>>
}
