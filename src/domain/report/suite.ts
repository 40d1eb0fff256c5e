/** Suites: tests that others wrote, built from a kernel tree and run unchanged. They give results, not verdicts. */
import type { EndingWord, Outcome, Reason } from '../judgement.ts'
import type { Report, ReportKernel } from './matrix.ts'

/** The set-up before a program starts; upstream's own runner does it in a shell script. */
export interface SuiteSetup {
  /** Huge pages of 2 MiB to reserve. */
  readonly hugePages: number
  /** Mount point of a hugetlbfs, beside the program; null for none. */
  readonly hugetlbfs: string | null
  /** User id to become; 0 stays root. */
  readonly user: number
}

/** One program of a suite with its arguments, as upstream's own runner calls it. */
export interface SuiteProgram {
  readonly id: string
  /** What make builds. */
  readonly program: string
  /** Its source file, which shows that a tree has the program. */
  readonly source: string
  readonly args: readonly string[]
  /** If it reports no test, its exit status is its only result; without this flag that is an error. */
  readonly exitStatus: boolean
  /** First release whose tree runs it this way; null for any. */
  readonly since: string | null
  readonly setup: SuiteSetup
  readonly cpus: number
  readonly memoryMiB: number
  readonly timing: { readonly expectedSeconds: number; readonly timeoutSeconds: number }
}

/** A suite: its programs in any version, and their arguments. */
export interface Suite {
  /** `kselftest:mm` */
  readonly name: string
  /** Folders below tools/testing/selftests; the first one in the tree counts. */
  readonly folders: readonly string[]
  readonly programs: readonly SuiteProgram[]
  /** Programs that upstream runs and kwitness does not. */
  readonly leftOut: readonly LeftOut[]
}

/** A program that does not run, and why. */
export interface LeftOut {
  readonly program: string
  readonly why: string
}

/** The suite of a run: its origin, its programs, and those that are unavailable. */
export interface PlannedSuite {
  readonly name: string
  /** The tree it was built from: a label for people, its version, the selector that finds it again, a content hash in hex. */
  readonly tree: { readonly label: string; readonly version: string; readonly selector: string; readonly key: string }
  /** sha256 of the compiled programs by id. */
  readonly programs: Readonly<Record<string, string>>
  /** Known to the suite, but not to this tree. */
  readonly notInTree: readonly string[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * The result of one subtest: `xfail` failed as its author expects; `not-reported` was planned, or reported on another kernel,
 * and not here; `error` is the program's own error, which says nothing about the kernel.
 */
export type ResultStatus = 'pass' | 'fail' | 'skip' | 'xfail' | 'not-reported' | 'error'

/** One subtest as one kernel's run of its program reported it. */
export interface SuiteResult {
  readonly test: string
  readonly status: ResultStatus
  /** The text that the program added; may be empty. */
  readonly reason: string
  /** 1-based line of the output; null without a line. */
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
  /** Host seconds of the whole attempt, and guest seconds of the program if it exited. */
  readonly seconds: number
  readonly guestSeconds: number | null
}

/** One program on one kernel. */
export interface SuiteCell {
  readonly kernel: string
  readonly program: string
  /** Of the attempt that counts; null without an attempt. */
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
  /** Whether kernels that ran the program differ. */
  readonly differs: boolean
}

/** Two consecutive kernels of one flavour between which a subtest changed, without kernels that say nothing. */
export interface SuiteChange {
  readonly program: string
  readonly test: string
  readonly kind: 'regression' | 'improvement' | 'change'
  readonly before: string
  readonly after: string
  readonly from: ResultStatus
  readonly to: ResultStatus
}

/** The number of results of a kernel by status. */
export type ResultCounts = Readonly<Record<ResultStatus, number>>

export interface SuiteReport {
  readonly schema: 'kwitness.suite-report/1'
  readonly run: Report['run']
  readonly suite: Pick<PlannedSuite, 'name' | 'notInTree' | 'leftOut'> & {
    readonly tree: Pick<PlannedSuite['tree'], 'label' | 'version' | 'key'>
  }
  readonly kernels: readonly ReportKernel[]
  /** Programs that ran, with their arguments, by id. */
  readonly programs: readonly { readonly id: string; readonly title: string }[]
  readonly cells: readonly SuiteCell[]
  /** By program and then in the order reported. */
  readonly rows: readonly SuiteRow[]
  readonly changes: readonly SuiteChange[]
  /** By kernel. */
  readonly counts: Readonly<Record<string, ResultCounts>>
}
