/** Claim sources: changelogs and git trees of the kernels of a run, unjudged. Stored with the run, parsed for each report. */

/** A package changelog that covers a kernel, maybe of a later build of its branch. */
export interface ChangelogSource {
  /** sha256 of its text, hex. */
  readonly sha256: string
  /** Package version it comes from: `6.12.118-1`. */
  readonly build: string
  /** Why no changelog contains this build, so that one of another branch replaces it; null when this one does. */
  readonly instead: string | null
  /** What names it in a sentence, of a machine in use: `the changelog of PACKAGE on db1`; absent for one of Debian's archive. */
  readonly origin?: string
}

/** A commit of a git tree that is a fix, its backport, or its revert. */
export interface GitTreeCommit {
  readonly hash: string
  readonly subject: string
  /** The lines of its message that name another commit as its origin or as reverted. */
  readonly lines: readonly string[]
}

/** The commits of a git tree about the fixes of a run at one kernel. */
export interface GitTreeSource {
  /** Tag or revision of the kernel: `v6.1.192`. */
  readonly revision: string
  /** Oldest first; an empty list is an answer, too. */
  readonly commits: readonly GitTreeCommit[]
}

/** The reason why a source is not available. */
export interface UnavailableSource {
  readonly unavailable: string
}

/** The claim sources of one kernel; null for one that was not read. */
export interface ClaimSources {
  readonly kernel: string
  readonly changelog: ChangelogSource | UnavailableSource | null
  readonly gitTree: GitTreeSource | UnavailableSource | null
}
