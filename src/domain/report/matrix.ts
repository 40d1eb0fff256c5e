/** Report: the second waist. One plain object; every renderer is a function of it. */
import type { Control, RaceStanding, Trials } from '../control.ts'
import type { Claim, EndingWord, Finding, FixStatus, Outcome, Reason, Verdict } from '../judgement.ts'
import type { Kernel } from '../kernel.ts'
import type { Fix, Oracle } from '../case.ts'
import type { GuestOrigin } from '../profile.ts'
import type { Splat } from '../splat.ts'
import type { TestPoint, TestProblem } from '../tests.ts'

export interface ReportAttempt {
  /** Folder name of its evidence in the store. */
  readonly id: string
  readonly attempt: number
  readonly outcome: Outcome
  readonly ending: EndingWord
  readonly reasons: readonly Reason[]
  readonly seed: string
  readonly seconds: number
  readonly origin: GuestOrigin
  readonly bootMethod: string | null
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
  /** The verdict in the words of VEX and OSV. */
  readonly status: FixStatus
  readonly claim: Claim
  /** Where the claim is written. */
  readonly claimSource: string
  readonly finding: Finding
  readonly summary: string
  readonly reasons: readonly Reason[]
  readonly trials: Trials | null
  readonly missProbability: number | null
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
  readonly oracle: Oracle
  readonly fixes: readonly Fix[]
  readonly introduced: string | null
  readonly references: readonly string[]
}

/** A kernel that gave no answer to a case, though it is known to be there. */
export interface Untested {
  readonly kernel: string
  readonly version: string
  /** The verdict it got; `not asked` when the run left it out, `gone` when it is listed and can no longer be had. */
  readonly reason: Exclude<Verdict, 'carries' | 'lacks'> | 'not-tested' | 'not-on-mirror'
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
  /** Kernels between the two that gave no answer, in version order; null where nothing lists what there is. */
  readonly untested: readonly Untested[] | null
  /** `exact` when no kernel lies between that could be had and asked, else `ranged`: the flip may lie anywhere between. */
  readonly precision: 'adjacent' | 'untested-between'
  /** Chance that the side which carries a fix for a race hides the bug; null for a deterministic case. */
  readonly missProbability: number | null
  /** Commands that go on to the commit, in the kernel's source; null where both kernels are of one release, or of none. */
  readonly bisect: readonly [start: string, run: string] | null
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
  readonly finding: Extract<Finding, 'listed-still-affected' | 'fixed-not-listed'>
  readonly case: string
  readonly series: string
  /** In version order. */
  readonly cells: readonly Pick<ReportCell, 'kernel' | 'claimSource'>[]
}

/** Inside a series, an unbroken row of tested kernels that all answer alike. */
export interface TimelineInterval {
  readonly verdict: 'carries' | 'lacks'
  readonly first: string
  readonly last: string
  readonly tested: number
  /** Kernels between first and last that gave no answer and could be had; null where nothing lists what there is. */
  readonly untested: number | null
}

/** All that the kernels of a series, of one flavour, say about a case: one stretch where the answer never changes. */
export interface Timeline {
  readonly case: string
  readonly series: string
  readonly flavour: string
  readonly arch: Kernel['arch']
  /** In version order, by turns carries and lacks; none where no kernel gave an answer. */
  readonly intervals: readonly TimelineInterval[]
  /** Kernels without an answer before the first stretch (all of them where there is none), and after the last. */
  readonly earlier: readonly Untested[]
  readonly later: readonly Untested[]
  /** Kernels that could be had, asked or not; null where nothing lists what there is. */
  readonly known: number | null
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
  /** Every kernel x case of the plan, kernels first; of a search, those it asked. */
  readonly cells: readonly ReportCell[]
  readonly boundaries: readonly Boundary[]
  /** Of every case, in every series and flavour of the run. Controls do not count. */
  readonly timelines: readonly Timeline[]
  readonly counts: Readonly<Record<Verdict, number>>
}
