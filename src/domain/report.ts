/** Report: the second waist. One plain object; every renderer is a function of it. */
import type { Control, RaceStanding } from './control.ts'
import type { Claim, EndingWord, Finding, Outcome, Reason, Trials, Verdict } from './judgement.ts'
import type { Kernel } from './kernel.ts'
import type { Fix, Witness } from './case.ts'
import type { Splat } from './splat.ts'
import type { TestPoint, TestProblem } from './tests.ts'

export interface ReportAttempt {
  /** Folder name of its evidence in the store. */
  readonly id: string
  readonly attempt: number
  readonly outcome: Outcome
  readonly ending: EndingWord
  readonly reasons: readonly Reason[]
  readonly seed: string
  readonly seconds: number
  readonly origin: 'booted' | 'restored'
  readonly road: string | null
  readonly qemu: string
  readonly argv: readonly string[]
  readonly tests: readonly TestPoint[]
  readonly problems: readonly TestProblem[]
  readonly splats: readonly Splat[]
  /** Cleaned console lines; long consoles are cut in the middle with a line that says how much. */
  readonly console: readonly string[]
  readonly output: readonly string[]
  readonly taint: { readonly before: number | null; readonly after: number | null }
}

export interface ReportCell {
  readonly kernel: string
  readonly case: string
  readonly profile: string
  readonly verdict: Verdict
  readonly claim: Claim
  /** Where the claim is written. */
  readonly claimSource: string
  readonly finding: Finding
  readonly because: string
  readonly reasons: readonly Reason[]
  readonly trials: Trials | null
  readonly missChance: number | null
  /** What the trials of a race are worth; null for a deterministic case, and where no trials were made. */
  readonly race: RaceStanding | null
  readonly attempts: readonly ReportAttempt[]
}

export interface ReportKernel extends Kernel {
  /** `uname -r` as a guest said it, null when none spoke. */
  readonly release: string | null
  readonly sha256: string | null
}

export interface ReportCase {
  readonly id: string
  readonly title: string
  readonly subsystem: string
  readonly symptom: string
  readonly witness: Witness
  readonly fixes: readonly Fix[]
  readonly introduced: string | null
  readonly references: readonly string[]
}

/** Inside a series, the neighbouring tested kernels between which the verdict flips. */
export interface Boundary {
  readonly case: string
  readonly series: string
  /** Last kernel before the flip and first after it, in version order. */
  readonly before: string
  readonly after: string
  readonly from: Verdict
  readonly to: Verdict
  /** What a package changelog lists between the two that is about the fix's names; null where none tells of both. */
  readonly entries: BoundaryEntries | null
}

export interface BoundaryEntries {
  /** The changelog: `linux (6.12.118-1)`. */
  readonly source: string
  /** Those nearest to the fix first, no more than a dozen. */
  readonly listed: readonly BoundaryEntry[]
  /** How many more share a name with it. */
  readonly more: number
}

/** A line of a package changelog. */
export interface BoundaryEntry {
  /** Package version that brought it, and the stable release it came from, null for a change of Debian's own. */
  readonly build: string
  readonly release: string | null
  readonly subject: string
  readonly cve: readonly string[]
  /** Why it stands here: the fix itself, its revert, its CVE, or a name of the fix. */
  readonly about: 'fix' | 'revert' | 'cve' | 'names'
}

/** Cells of one case and series whose verdict contradicts the paperwork: the headline of every report. */
export interface Contradiction {
  readonly finding: Extract<Finding, 'claimed-but-lacks' | 'carried-unclaimed'>
  readonly case: string
  readonly series: string
  /** In version order. */
  readonly cells: readonly Pick<ReportCell, 'kernel' | 'claimSource'>[]
}

export interface Report {
  readonly schema: 'kwitness.report/1'
  readonly run: {
    readonly id: string
    readonly startedAt: string
    /** False while attempts of the plan are still to be made. */
    readonly complete: boolean
    readonly seed: string
    readonly host: { readonly kernel: string; readonly qemu: string; readonly cpus: number; readonly accelerator: string }
  }
  /** Claimed but lacks first, then carried unclaimed; empty where no verdict contradicts the paperwork. */
  readonly headline: readonly Contradiction[]
  /** In series and version order. */
  readonly kernels: readonly ReportKernel[]
  /** Those of the kernels whose answer is known beforehand, by id. */
  readonly controls: readonly Control[]
  readonly cases: readonly ReportCase[]
  /** Every kernel x case of the plan, kernels first. */
  readonly cells: readonly ReportCell[]
  readonly boundaries: readonly Boundary[]
  readonly counts: Readonly<Record<Verdict, number>>
}
