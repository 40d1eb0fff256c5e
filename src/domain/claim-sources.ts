/** Paperwork: what was found written about the kernels of a run, unjudged. Kept with the run, read anew for each report of it. */

/** A package changelog that tells the story of a kernel, maybe that of a later build of its line. */
export interface ChangelogSource {
  /** Of its text. */
  readonly sha256: string
  /** Package version it was taken from: `6.12.118-1`. */
  readonly build: string
  /** Why there is none that knows this very build, so that one of another line has to do; null when this one does. */
  readonly instead: string | null
}

/** A commit of a git history that is a fix, says it is one's backport, or takes one out. */
export interface GitTreeCommit {
  readonly hash: string
  readonly subject: string
  /** Those lines of its message that name another commit as what it is made from or reverts. */
  readonly lines: readonly string[]
}

/** What a git tree says of the fixes of a run at one kernel. */
export interface GitTreeSource {
  /** Tag or revision that stands for the kernel: `v6.1.192`. */
  readonly revision: string
  /** Oldest first; none is an answer too. */
  readonly commits: readonly GitTreeCommit[]
}

/** No such paper, and why. */
export interface UnavailableSource {
  readonly unavailable: string
}

/** The papers of one kernel. A source that was not asked is null. */
export interface ClaimSources {
  readonly kernel: string
  readonly changelog: ChangelogSource | UnavailableSource | null
  readonly gitTree: GitTreeSource | UnavailableSource | null
}
