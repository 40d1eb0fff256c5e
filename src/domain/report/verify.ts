/** Verifying a patch: how it went on to each base and whether it builds there, as a plan keeps it beside the cells to ask. */
import type { Kernel } from '../kernel.ts'

/** A patch that is verified, by its own words. */
export interface PatchInfo {
  /** Short and safe as a file name. */
  readonly name: string
  /** Without `[PATCH n/m]`; the name where it has none. */
  readonly subject: string
  /** Commits it says it is: hashes, as many digits as it gives. */
  readonly commits: readonly string[]
}

export interface Commit {
  readonly hash: string
  readonly subject: string
}

type HunkState =
  | 'applied'
  | 'rejected'
  /** Not applied: what it does has been done before, maybe in other form. */
  | 'already-present'

/** One hunk of a patch on one base. */
export interface HunkTry {
  readonly file: string
  /** 1-based, within its file. */
  readonly hunk: number
  /** Lines it is about, as the patch numbers them before its change: the first and how many. */
  readonly line: number
  readonly lines: number
  /** What stands behind its second @@: the function. */
  readonly heading: string
  readonly state: HunkState
  /** Lines from where the patch says to where it went. */
  readonly offset: number
  /** Lines of context that did not fit. */
  readonly fuzz: number
  /** Why it was rejected, where more is known than that. */
  readonly why: string | null
  /** Of a rejected one: commits between the base and the patch's parent that touch its lines; null where no history tells. */
  readonly prerequisites: readonly Commit[] | null
}

export type ApplyResult =
  /** Exactly where its context is; offsets allowed. */
  | 'cleanly'
  /** Only when some context is left out of account. */
  | 'with-fuzz'
  | 'with-conflicts'
  /** It can be taken out again exactly. */
  | 'already-applied'
  /** What it adds is there and what it removes is not. */
  | 'already-in-other-form'

/** One patch of a series on one base, those before it applied. */
export interface PatchTry extends PatchInfo {
  readonly result: ApplyResult
  readonly hunks: readonly HunkTry[]
}

/** A warning of the compiler, without its line: that moves. */
export interface Warning {
  readonly file: string
  /** With its option: `unused variable 'x' [-Wunused-variable]`. */
  readonly message: string
}

/** A kernel made for verifying: the base with the first patches of a series, up to one of them. */
export interface VerifyStep {
  /** How many patches of the series are in it. */
  readonly upTo: number
  /** Id of its kernel. */
  readonly kernel: string
  /** Null when it builds; else the compiler's first complaint. */
  readonly buildError: string | null
  /** That and what led to it, for people. */
  readonly log: string | null
  /** New ones in files that the patches touch; null where they cannot be told. */
  readonly warnings: readonly Warning[] | null
}

export interface VerifyBase {
  /** What its source is, for people: `linux-source-5.10 5.10.262-1`, `/src/linux@v6.1.170`. */
  readonly label: string
  /** Id of its kernel. */
  readonly kernel: string
  readonly version: string
  readonly arch: Kernel['arch']
  /** Why nothing can be asked of the base itself; null when it builds. */
  readonly trouble: string | null
  /** Patches up to the first that does not apply. */
  readonly tries: readonly PatchTry[]
  /** The exact patch for this base where the given one needed fuzz; null else. */
  readonly exact: string | null
  /** Kernels made of it, the whole series last; none where a patch does not apply or all are there already. */
  readonly steps: readonly VerifyStep[]
}

/** What a run that verifies is about. */
export interface VerifyPlan {
  readonly patches: readonly PatchInfo[]
  /** Cases of the fix; where there are none all cases are compared alike. */
  readonly targets: readonly string[]
  readonly bases: readonly VerifyBase[]
  /** Whether each patch of a series is held against the one before. */
  readonly each: boolean
}
