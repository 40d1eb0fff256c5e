/** Bisections: which commit brought a bug or its fix, and what each step on the way there rests on. */
import type { Case } from '../case.ts'
import type { ControlRate, Trials } from '../control.ts'
import type { Outcome, Reason, Verdict } from '../judgement.ts'

/** What a bisection looks for: the commit from which on the bug shows, or the one from which on it does not. */
export type BisectTarget = 'bug' | 'fix'

/** Why a commit can give no answer. */
type SkipReason =
  | 'does-not-build'
  | 'does-not-boot'
  | 'crashed'
  | 'case-error'
  | 'not-applicable'
  /** A race stayed clean, and not for long enough. */
  | 'inconclusive'

/** What a commit says about the bug: it shows, it does not, or nothing can be told. */
export type Answer = 'shows-bug' | 'no-bug' | SkipReason

/** What git is told of a commit. */
export type BisectMark = 'old' | 'new' | 'skip'

/** An attempt at a commit, in short. */
interface StepAttempt {
  readonly outcome: Outcome
  /** Host seconds. */
  readonly seconds: number
}

/** One commit that was judged. */
export interface BisectStep {
  readonly commit: string
  readonly subject: string
  /** Whether it is an end, which is checked before git is asked for commits between. */
  readonly role: 'old-end' | 'new-end' | 'between'
  readonly answer: Answer
  /** Chance that the answer is wrong by luck alone: above 0 where a race stayed clean. */
  readonly errorProbability: number
  /** One sentence for people. */
  readonly summary: string
  /** The evidence lines behind it. */
  readonly reasons: readonly Reason[]
  readonly verdict: Verdict | null
  readonly trials: Trials | null
  readonly attempts: readonly StepAttempt[]
  /** Kernel and stored run; null where none came about. */
  readonly kernel: string | null
  readonly run: string | null
  /** Hash of all that its guests get of this kernel; null when it was not built. */
  readonly binary: string | null
  /** The commit with the same binary whose answer this is; null when it was asked itself. */
  readonly sameAs: string | null
  readonly startedAt: string
  /** Host seconds until the kernel was there, and from then until the answer was. */
  readonly buildSeconds: number
  readonly testSeconds: number
}

/** An end or a step as it was named, and the commit that is. */
export interface NamedCommit {
  readonly name: string
  readonly commit: string
}

/** What a bisection shall find out: all that decides its course. */
export interface BisectRequest {
  /** Absolute path of the git repository. */
  readonly tree: string
  readonly old: NamedCommit
  readonly new: NamedCommit
  readonly paths: readonly string[]
  readonly firstParent: boolean
  /** Words that git is told instead of old and new. */
  readonly terms: { readonly old: string; readonly new: string }
  /** Commits that somebody marked before, which are not asked again. */
  readonly knownMarks: { readonly old: readonly string[]; readonly skip: readonly string[] }
  /** Whole, so that it can be gone on with whatever becomes of the catalogue. */
  readonly case: Case
  /** Config fragments beside the base. */
  readonly configs: readonly string[]
  readonly seed: string
  readonly maxMissProbability: number
  readonly raceSeconds: number
}

/** Where a bisection ended. */
export type BisectEnd =
  | { readonly kind: 'found'; readonly commit: string }
  /** Only commits that can give no answer are left beside the last of these. */
  | { readonly kind: 'one-of'; readonly commits: readonly string[] }

/** A commit as the report shows it. */
export interface ReportCommit {
  readonly commit: string
  readonly author: string
  readonly date: string
  readonly subject: string
  /** `Fixes: ...`, `Signed-off-by: ...`: as they stand. */
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
  /** The commit that was found, else those it may be, in the order of the history. */
  readonly commits: readonly ReportCommit[]
  /** The last commit before it and the first from it on that gave an answer. */
  readonly before: BisectStep
  readonly after: BisectStep
  readonly steps: readonly BisectStep[]
  readonly counts: {
    /** Commits the answer was among. */
    readonly candidates: number
    /** Between the ends: judged, and skipped of them. */
    readonly steps: number
    readonly skipped: number
    /** Not booted, for a kernel of the same bytes had been judged. */
    readonly sameBinary: number
  }
  /** Chance that no answer on the way is wrong by luck. */
  readonly confidence: number
  /** The rate that clean races lean on, measured at the end that shows the bug. */
  readonly rate: ControlRate | null
  /** What the confidence takes for granted, a sentence each. */
  readonly assumptions: readonly string[]
  /** Host seconds of all steps. */
  readonly seconds: number
  /** As `git bisect log` says it. */
  readonly log: string
}
