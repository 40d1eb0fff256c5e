/** Bisections: which commit introduced a bug or its fix, and the evidence of each step. */
import type { Case } from '../case.ts'
import type { ControlRate, Trials } from '../control.ts'
import type { Outcome, Reason, Verdict } from '../judgement.ts'

/** The target of a bisection: the first commit with the bug, or the first one without it. */
export type BisectTarget = 'bug' | 'fix'

/** Why a commit is untestable. */
type SkipReason =
  | 'does-not-build'
  | 'does-not-boot'
  | 'crashed'
  | 'case-error'
  | 'not-applicable'
  /** A race without a hit in too few trials. */
  | 'inconclusive'

/** The answer of a commit: the bug shows, it does not, or the commit is untestable. */
export type Answer = 'shows-bug' | 'no-bug' | SkipReason

/** The mark of a commit in git bisect. */
export type BisectMark = 'old' | 'new' | 'skip'

/** An attempt at a commit, in short. */
interface StepAttempt {
  readonly outcome: Outcome
  /** Host seconds. */
  readonly seconds: number
}

/** One judged commit. */
export interface BisectStep {
  readonly commit: string
  readonly subject: string
  /** Whether it is an end, which is checked before git chooses commits between. */
  readonly role: 'old-end' | 'new-end' | 'between'
  readonly answer: Answer
  /** Probability that the answer is wrong by chance: above 0 for a race without a hit. */
  readonly errorProbability: number
  /** One sentence for people. */
  readonly summary: string
  /** The evidence lines behind it. */
  readonly reasons: readonly Reason[]
  readonly verdict: Verdict | null
  readonly trials: Trials | null
  readonly attempts: readonly StepAttempt[]
  /** Kernel and stored run; null without one. */
  readonly kernel: string | null
  readonly run: string | null
  /** Hash of the files of this kernel that guests use; null when it was not built. */
  readonly binary: string | null
  /** The commit with the same binary whose answer this is; null when it was tested itself. */
  readonly sameAs: string | null
  readonly startedAt: string
  /** Host seconds until the kernel was built, and from then to the answer. */
  readonly buildSeconds: number
  readonly testSeconds: number
}

/** The name of an end or a step, and its commit. */
export interface NamedCommit {
  readonly name: string
  readonly commit: string
}

/** The request of a bisection: everything that decides its steps. */
export interface BisectRequest {
  /** Absolute path of the git repository. */
  readonly tree: string
  readonly old: NamedCommit
  readonly new: NamedCommit
  readonly paths: readonly string[]
  readonly firstParent: boolean
  /** git's terms instead of old and new. */
  readonly terms: { readonly old: string; readonly new: string }
  /** Commits that a log marks already; kwitness does not test them again. */
  readonly knownMarks: { readonly old: readonly string[]; readonly skip: readonly string[] }
  /** The whole case, so that the bisection can resume even if the catalogue changes. */
  readonly case: Case
  /** Config fragments beside the base. */
  readonly configs: readonly string[]
  readonly seed: string
  readonly maxMissProbability: number
  readonly raceSeconds: number
}

/** The end of a bisection. */
export type BisectEnd =
  | { readonly kind: 'found'; readonly commit: string }
  /** Beside the last of these, only untestable commits are left. */
  | { readonly kind: 'one-of'; readonly commits: readonly string[] }

/** A commit in the report. */
export interface ReportCommit {
  readonly commit: string
  readonly author: string
  readonly date: string
  readonly subject: string
  /** `Fixes: ...`, `Signed-off-by: ...`, unchanged. */
  readonly trailers: readonly string[]
}

/** The report of a bisection: one plain object that every renderer is a function of. */
export interface Bisection {
  readonly schema: 'kwitness.bisection/1'
  readonly id: string
  readonly startedAt: string
  readonly tree: string
  readonly case: { readonly id: string; readonly title: string; readonly symptom: string }
  readonly old: NamedCommit
  readonly new: NamedCommit
  readonly paths: readonly string[]
  readonly firstParent: boolean
  readonly target: BisectTarget
  readonly end: BisectEnd
  /** The commit found, else those that remain, in the order of git log. */
  readonly commits: readonly ReportCommit[]
  /** The last commit before it and the first one from it on that gave an answer. */
  readonly before: BisectStep
  readonly after: BisectStep
  readonly steps: readonly BisectStep[]
  readonly counts: {
    /** Commits between the ends. */
    readonly candidates: number
    /** Judged commits between the ends, and how many of them were skipped. */
    readonly steps: number
    readonly skipped: number
    /** Not booted, because a kernel with the same binary was judged before. */
    readonly sameBinary: number
  }
  /** Probability (0..1) that no answer is wrong by chance. */
  readonly confidence: number
  /** The reference rate for races without a hit, measured at the end that shows the bug. */
  readonly rate: ControlRate | null
  /** The assumptions of the confidence, a sentence each. */
  readonly assumptions: readonly string[]
  /** Host seconds of all steps. */
  readonly seconds: number
  /** The output of `git bisect log`. */
  readonly log: string
}
