/** Verifying a patch: how it applies to each base and whether it builds there, as the plan stores it beside its cells. */
import type { Kernel } from '../kernel.ts'

/** A patch to verify. */
export interface PatchInfo {
  /** Short and safe as a file name. */
  readonly name: string
  /** Without `[PATCH n/m]`; the name where it has none. */
  readonly subject: string
  /** Commits that it names as itself: hashes of any length. */
  readonly commits: readonly string[]
}

export interface Commit {
  readonly hash: string
  readonly subject: string
}

type HunkState =
  | 'applied'
  | 'rejected'
  /** Not applied: the base already contains its change, maybe in another form. */
  | 'already-present'

/** One hunk of a patch on one base. */
export interface HunkTry {
  readonly file: string
  /** 1-based, within its file; 0 for a change that has no hunks, such as that of a binary file. */
  readonly hunk: number
  /** The first line and the number of lines before its change. */
  readonly line: number
  readonly lines: number
  /** The text behind its second @@: the function. */
  readonly heading: string
  readonly state: HunkState
  /** Distance in lines from the position in the patch. */
  readonly offset: number
  /** Context lines that patch ignored. */
  readonly fuzz: number
  /** Why it was rejected; null if patch did not say. */
  readonly why: string | null
  /** For a rejected one: commits between the base and the patch's parent that touch its lines; null without a git tree. */
  readonly prerequisites: readonly Commit[] | null
}

export type ApplyResult =
  /** With its whole context; offsets allowed. */
  | 'cleanly'
  /** Only without some of its context. */
  | 'with-fuzz'
  | 'with-conflicts'
  /** Its exact revert applies. */
  | 'already-applied'
  /** The base has what it adds and lacks what it removes. */
  | 'already-in-other-form'

/** One patch of a series on one base, those before it applied. */
export interface PatchTry extends PatchInfo {
  readonly result: ApplyResult
  readonly hunks: readonly HunkTry[]
}

/** A warning of the compiler, without its line number, which changes with the patch. */
export interface Warning {
  readonly file: string
  /** With its option: `unused variable 'x' [-Wunused-variable]`. */
  readonly message: string
}

/** A patched kernel: the base with the first patches of a series. */
export interface VerifyStep {
  /** Number of patches in it. */
  readonly upTo: number
  /** Id of its kernel. */
  readonly kernel: string
  /** Null when it builds; else the compiler's first error. */
  readonly buildError: string | null
  /** The build log; null when it builds. */
  readonly log: string | null
  /** New warnings in files that the patches touch; null where they cannot be compared. */
  readonly warnings: readonly Warning[] | null
}

/** Options that a case needs and the configuration of a base lacks, though Debian's kernel has them, as far as is known. */
export interface MissingOptions {
  readonly case: string
  /** `CONFIG_KSM`; never empty. */
  readonly options: readonly string[]
  /** Id of the Debian kernel whose configuration has them all; null where none of the series is in the cache to look at. */
  readonly debian: string | null
}

export interface VerifyBase {
  /** Its source, for people: `linux-source-5.10 5.10.262-1`, `/src/linux@v6.1.170`. */
  readonly label: string
  /** Id of its kernel. */
  readonly kernel: string
  readonly version: string
  readonly arch: Kernel['arch']
  /** Why the base cannot be tested; null when it builds. */
  readonly trouble: string | null
  /** By case; absent in a plan of before it was looked at, and of a base that was not built. */
  readonly missingOptions?: readonly MissingOptions[] | undefined
  /** Patches up to the first that does not apply. */
  readonly tries: readonly PatchTry[]
  /** The exact patch for this base if the given one needed fuzz; else null. */
  readonly exact: string | null
  /** Its patched kernels, the whole series last; empty where a patch does not apply or all are applied already. */
  readonly steps: readonly VerifyStep[]
}

/** The part of a plan for a verification. */
export interface VerifyPlan {
  readonly patches: readonly PatchInfo[]
  /** Cases of the fix; if empty, all cases are compared in the same way. */
  readonly targets: readonly string[]
  readonly bases: readonly VerifyBase[]
  /** Whether each patch of a series is compared with the one before. */
  readonly each: boolean
}
