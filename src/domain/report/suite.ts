/** Suites: tests that others wrote, built from a kernel tree and run as they are. What they say are results, not verdicts. */
import type { EndingWord, Outcome, Reason } from '../judgement.ts'
import type { Report, ReportKernel } from './matrix.ts'

/** What has to be so before a program starts; upstream's own runner does it by shell. */
export interface SuiteSetup {
  /** Huge pages of 2 MiB to reserve. */
  readonly hugePages: number
  /** Where a hugetlbfs is mounted, beside the program; null for nowhere. */
  readonly hugetlbfs: string | null
  /** User id to become; 0 stays root. */
  readonly user: number
}

/** One program of a suite with its arguments, as upstream's own runner calls it. */
export interface SuiteProgram {
  readonly id: string
  /** What make builds. */
  readonly program: string
  /** Its source, by which a tree is known to have it. */
  readonly source: string
  readonly args: readonly string[]
  /** Where it reports no test its exit status counts as its one result; else that is broken. */
  readonly exitStatus: boolean
  /** First release whose tree runs it like this; null for any. */
  readonly since: string | null
  readonly setup: SuiteSetup
  readonly cpus: number
  readonly memoryMiB: number
  readonly timing: { readonly expectedSeconds: number; readonly timeoutSeconds: number }
}

/** A suite as kwitness knows it: which programs there are in any version of it, and how they are called. */
export interface Suite {
  /** `kselftest:mm` */
  readonly name: string
  /** Folders below tools/testing/selftests; the first that a tree has is it. */
  readonly folders: readonly string[]
  readonly programs: readonly SuiteProgram[]
  /** What upstream runs and kwitness does not. */
  readonly leftOut: readonly LeftOut[]
}

/** A program that is not run, and why. */
export interface LeftOut {
  readonly program: string
  readonly why: string
}

/** The suite of a run: whence, with which programs, and what of it could not be had. */
export interface PlannedSuite {
  readonly name: string
  /** The tree it was built from: for people, its version, the selector that finds it again, and what is in it as hex. */
  readonly tree: { readonly label: string; readonly version: string; readonly selector: string; readonly key: string }
  /** sha256 of the compiled programs by id. */
  readonly programs: Readonly<Record<string, string>>
  /** Known to the suite, but not to this tree. */
  readonly notInTree: readonly string[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * What became of one subtest: `xfail` failed as its author expects, `missing` was announced, or seen on another kernel,
 * and never reported here; `broken` is the program's own error, no word about the kernel.
 */
export type ResultStatus = 'pass' | 'fail' | 'skip' | 'xfail' | 'not-reported' | 'error'

/** One subtest as one kernel's run of its program reported it. */
export interface SuiteResult {
  readonly test: string
  readonly status: ResultStatus
  /** What the program said beside, empty when nothing. */
  readonly reason: string
  /** 1-based line of the output; null where it stands for no line. */
  readonly line: number | null
}

export interface SuiteAttempt {
  /** Folder name of its evidence in the store. */
  readonly id: string
  readonly attempt: number
  readonly outcome: Outcome
  readonly ending: EndingWord
  /** Exit status of the program; null when it did not exit by itself. */
  readonly exit: number | null
  readonly reasons: readonly Reason[]
  /** Host seconds of the whole attempt, and guest seconds of the program where it came to its end. */
  readonly seconds: number
  readonly guestSeconds: number | null
}

/** One program on one kernel. */
export interface SuiteCell {
  readonly kernel: string
  readonly program: string
  /** Of the attempt that counts; null when none was made. */
  readonly outcome: Outcome | null
  /** One sentence for people. */
  readonly summary: string
  /** Of the attempt that counts, in the order reported. */
  readonly results: readonly SuiteResult[]
  readonly attempts: readonly SuiteAttempt[]
}

/** One subtest across all kernels. */
export interface SuiteRow {
  readonly program: string
  readonly test: string
  /** By kernel, in the order of the report's kernels. */
  readonly results: readonly { readonly kernel: string; readonly status: ResultStatus; readonly reason: string }[]
  /** Not the same on every kernel that the program ran on. */
  readonly differs: boolean
}

/** Neighbours of one flavour in version order between which a subtest changed; kernels that say nothing are passed over. */
export interface SuiteChange {
  readonly program: string
  readonly test: string
  readonly kind: 'regression' | 'improvement' | 'change'
  readonly before: string
  readonly after: string
  readonly from: ResultStatus
  readonly to: ResultStatus
}

/** What a kernel's column comes to. */
export type ResultCounts = Readonly<Record<ResultStatus, number>>

export interface SuiteReport {
  readonly schema: 'kwitness.suite-report/1'
  readonly run: Report['run']
  readonly suite: Pick<PlannedSuite, 'name' | 'notInTree' | 'leftOut'> & {
    readonly tree: Pick<PlannedSuite['tree'], 'label' | 'version' | 'key'>
  }
  readonly kernels: readonly ReportKernel[]
  /** Those that were run, with their arguments, by id. */
  readonly programs: readonly { readonly id: string; readonly title: string }[]
  readonly cells: readonly SuiteCell[]
  /** By program and then in the order reported. */
  readonly rows: readonly SuiteRow[]
  readonly changes: readonly SuiteChange[]
  /** By kernel. */
  readonly counts: Readonly<Record<string, ResultCounts>>
}
