/** Report: the second waist. One plain object; every renderer is a function of it. */
import type { Control, RaceStanding, Trials } from '../control.ts'
import type { Claim, EndingWord, Finding, FixStatus, Outcome, Reason, Verdict } from '../judgement.ts'
import type { Kernel } from '../kernel.ts'
import type { Fix, Oracle } from '../case.ts'
import type { CheckedHost } from './host.ts'
import type { GuestOrigin } from '../profile.ts'
import type { ScheduleStanding } from '../race/schedule.ts'
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
  /** Cleaned console lines; a line in the middle of a long console says how many are omitted. */
  readonly console: readonly string[]
  readonly output: readonly string[]
  readonly taint: { readonly before: number | null; readonly after: number | null }
}

/** Where a result comes from that its run did not make, because nothing that it depends on has changed. */
export interface Reused {
  /** The run that made its attempts. */
  readonly run: string
  /** ISO 8601: when the last of them started. */
  readonly at: string
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
  /** What the trials of a race are worth; null for a deterministic case, and without trials. */
  readonly race: RaceStanding | null
  /** What was tried of a schedule; absent for any other case, and where nothing was. */
  readonly schedule?: ScheduleStanding
  /** Absent for a result that this run made. */
  readonly reused?: Reused
  readonly attempts: readonly ReportAttempt[]
}

export interface ReportKernel extends Kernel {
  /** `uname -r` as a guest reported it, null without a report. */
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

/** A known kernel without an answer to a case. */
export interface Untested {
  readonly kernel: string
  readonly version: string
  /** Its verdict; `not-tested` when the run does not contain it, `not-on-mirror` when it is listed and no longer available. */
  readonly reason: Exclude<Verdict, 'carries' | 'lacks'> | 'not-tested' | 'not-on-mirror'
}

/** Two consecutive tested kernels of a branch between which the verdict changes. */
export interface Boundary {
  readonly case: string
  readonly series: string
  /** Last kernel before the change and first after it, in version order. */
  readonly before: string
  readonly after: string
  readonly from: Verdict
  readonly to: Verdict
  /** Entries of a package changelog between the two that share names with the fix; null where no changelog covers both. */
  readonly entries: BoundaryEntries | null
  /** Kernels between the two without an answer, in version order; null without a listing. */
  readonly untested: readonly Untested[] | null
  /** `adjacent` when no available kernel lies between, else the verdict may change anywhere between. */
  readonly precision: 'adjacent' | 'untested-between'
  /** Miss probability of the side that carries the fix for a race; null for a deterministic case. */
  readonly missProbability: number | null
  /** git bisect commands that find the commit; null where both kernels are of one release, or of none. */
  readonly bisect: readonly [start: string, run: string] | null
}

export interface BoundaryEntries {
  /** The changelog: `linux (6.12.118-1)`. */
  readonly source: string
  /** The entries nearest to the fix first, at most a dozen. */
  readonly listed: readonly BoundaryEntry[]
  /** Number of further entries that share a name with it. */
  readonly more: number
}

/** A line of a package changelog. */
export interface BoundaryEntry {
  /** Package version that brought it, and the stable release it came from, null for Debian's own changes. */
  readonly build: string
  readonly release: string | null
  readonly subject: string
  readonly cve: readonly string[]
  /** Its relation to the fix: the fix itself, its revert, its CVE, or a shared name. */
  readonly about: 'fix' | 'revert' | 'cve' | 'names'
}

/** Cells of one case and series whose verdict contradicts the claim sources: the headline of every report. */
export interface Contradiction {
  readonly finding: Extract<Finding, 'listed-still-affected' | 'fixed-not-listed'>
  readonly case: string
  readonly series: string
  /** In version order. */
  readonly cells: readonly Pick<ReportCell, 'kernel' | 'claimSource'>[]
}

/**
 * How a claim source contradicts what case.json says of a series:
 * - `other-release`: the changelog lists the fix in another release of the series
 * - `not-in-list`: the changelog has the list of that release, and the fix is not in it
 * - `taken-out`: the changelog takes the fix out again
 * - `not-in-base`: case.json says the series began with the fix, the changelog lists it in a later release of the series
 * - `series-missing`: case.json says the series does not have the fix, the changelog lists it there
 * - `listed-after-all`: case.json says that the changelog of the series omits the fix (`unlisted`), and it lists it
 * - `git-tree`: a git tree has the fix at a kernel where case.json says it is not, or the other way round
 */
export type CaseContradictionKind =
  | 'other-release'
  | 'not-in-list'
  | 'taken-out'
  | 'not-in-base'
  | 'series-missing'
  | 'listed-after-all'
  | 'git-tree'

/** What case.json says of a series, contradicted by a changelog or a git tree: one of the two is wrong. */
export interface CaseContradiction {
  readonly case: string
  readonly series: string
  readonly kind: CaseContradictionKind
  /** The first release with the fix by case.json: `6.12.29`; null where it names none of the series. */
  readonly release: string | null
  /** The release by the changelog; null where it names none. */
  readonly listed: string | null
  /** Both in one sentence, without a full stop. */
  readonly summary: string
  /** The line or the list that contradicts, and where it is. */
  readonly source: string
}

/** Consecutive tested kernels of a branch that agree. */
export interface TimelineInterval {
  readonly verdict: 'carries' | 'lacks'
  readonly first: string
  readonly last: string
  readonly tested: number
  /** Available kernels between first and last without an answer; null without a listing. */
  readonly untested: number | null
}

/** What the kernels of a branch say about a case: a single interval where the answer never changes. */
export interface Timeline {
  readonly case: string
  readonly series: string
  readonly flavour: string
  readonly arch: Kernel['arch']
  /** In version order, alternating carries and lacks; empty without an answer. */
  readonly intervals: readonly TimelineInterval[]
  /** Kernels without an answer before the first interval (all of them if there is none), and after the last. */
  readonly earlier: readonly Untested[]
  readonly later: readonly Untested[]
  /** Number of available kernels, tested or not; null without a listing. */
  readonly known: number | null
}

export interface Report {
  readonly schema: 'kwitness.report/2'
  readonly run: {
    readonly id: string
    readonly startedAt: string
    /** False while attempts of the plan are still to be made. */
    readonly complete: boolean
    readonly seed: string
    readonly host: { readonly kernel: string; readonly qemu: string; readonly cpus: number; readonly accelerator: string }
  }
  /** "Listed as fixed, still affected" first, then "fixed, not listed"; empty where no verdict contradicts the claim sources. */
  readonly headline: readonly Contradiction[]
  /** By case and series; empty where no claim source contradicts what case.json says of the series of this run. */
  readonly caseContradictions: readonly CaseContradiction[]
  /** In series and version order. */
  readonly kernels: readonly ReportKernel[]
  /** The machines that were asked, in the order they were named; absent for a run of guests. */
  readonly hosts?: readonly CheckedHost[]
  /** The control kernels among them, by id. */
  readonly controls: readonly Control[]
  readonly cases: readonly ReportCase[]
  /** Every kernel x case of the plan, kernels first; for a search, those it tested. */
  readonly cells: readonly ReportCell[]
  readonly boundaries: readonly Boundary[]
  /** Of every case, in every series and flavour of the run. Controls do not count. */
  readonly timelines: readonly Timeline[]
  readonly counts: Readonly<Record<Verdict, number>>
}
