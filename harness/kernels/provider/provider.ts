/** The contract of a kernel provider. A new provider is one file and one line in index.ts. */
import { UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage, ListedKernel, ProviderName } from '#domain/kernel.ts'
import type { DebianIndex } from '#schema/cache/debian.ts'
import type { ChangelogSource } from '#domain/claim-sources.ts'
import { withSubject } from '#harness/support/spans.ts'
import type { Workspace } from '#harness/support/workspace.ts'

/** One progress event of a provider; the caller decides whether to show it. */
export interface KernelProgress {
  /** Id of the kernel; null for an index or the provider as a whole. */
  readonly kernel: string | null
  readonly message: string
  /** Bytes done and in total; null where no bytes are counted. */
  readonly doneBytes: number | null
  readonly totalBytes: number | null
  /** The next event replaces this one: a terminal shows it, a log leaves it out. */
  readonly transient?: true
}

/** What every call of a provider gets besides its own arguments. */
export interface KernelContext {
  readonly workspace: Workspace
  readonly signal?: AbortSignal
  readonly progress?: (event: KernelProgress) => void
  /** Limits how many kernels are fetched at once: runs the work when a slot is free. Work served from the cache does not ask. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>
  /** Base URL of a Debian mirror; without it, the mirrors of the host's apt configuration. */
  readonly mirror?: string
  /** Keyring that signs that mirror; without it, the Debian archive keyring. */
  readonly keyring?: string
  /** By what Debian's archive is read: by apt where it is installed, else directly. */
  readonly readsArchive?: 'apt' | 'direct'
  /** Milliseconds since the epoch: an answer of the mirror from before this time counts as stale. */
  readonly freshAfter?: number
  /** Milliseconds in which a mirror must send 32 KiB before kwitness gives it up; a minute when not given. */
  readonly mirrorTimeoutMs?: number
  /** Called with the index that Debian's kernels are listed from; null where only cached kernels are listed. */
  readonly onIndex?: (index: DebianIndex | null) => void
  /** Build the commits of a git repository one after the other in one worktree, and keep no base for each. */
  readonly inWorktree?: true
  /** Boots a disk image to see which kernel is on it: `uname -r` and `uname -v`. Without it that must be known already. */
  readonly askImage?: (image: KernelImage) => Promise<{ readonly release: string; readonly build: string }>
  /** Number of parallel compilers of a kernel build; without it, one per core. */
  readonly buildJobs?: number
}

/** A kernel module as a decompressed .ko file. */
export interface ModuleFile {
  readonly name: string
  readonly path: string
}

/** Why something is not available, in one line. */
export interface Unavailable {
  readonly unavailable: string
}

/** A package changelog that covers a kernel: a gzip file in the cache. */
export interface FoundChangelog extends ChangelogSource {
  readonly path: string
}

/** A tree that external modules for one kernel are compiled against. */
export interface BuildTree {
  /** Identifies everything that decides the bytes of a module, except its own source and the compiler. */
  readonly key: string
  /**
   * Prepare the tree and call `work` with the arguments of make that build modules in it. The tree does not change while the
   * work runs. Throws UserError when the tree is not available, InfraError for the machine, and whatever `work` throws.
   */
  readonly use: <T>(work: (make: readonly string[]) => Promise<T>) => Promise<T>
}

export interface Provider {
  readonly name: ProviderName
  /**
   * The kernels that PART of the selector `name:PART` matches, in any order. For the empty part: all cached kernels, and all
   * available ones of the default flavour. Throws UserError when the part is malformed or matches nothing.
   */
  list(part: string, context: KernelContext): Promise<ListedKernel[]>
  /**
   * All kernels of the same series and flavour that the provider lists, also those that are not on the mirror any more. A
   * provider without such a list leaves this method out.
   */
  listSeries?(kernel: Kernel, context: KernelContext): Promise<ListedKernel[]>
  /** The kernel with that id. Throws UserError that names the nearest ones when there is none. */
  find(id: string, context: KernelContext): Promise<ListedKernel>
  /** Bring a kernel into the cache, unless it is there and intact, and return its files. */
  fetch(kernel: Kernel, context: KernelContext): Promise<KernelImage>
  /** The files of a kernel when the cache has them, intact; null where they would have to be fetched or built. */
  findCached(kernel: Kernel, context: KernelContext): Promise<KernelImage | null>
  /** Identifies the modules that belong to an image, by their contents; null where what it takes to know them is lost. */
  modulesKey(image: KernelImage): Promise<string | null>
  /** These modules and their dependencies, in load order. Throws UserError when the kernel has no such module. */
  fetchModules(kernel: Kernel, names: readonly string[], context: KernelContext): Promise<ModuleFile[]>
  /** A tree to compile external modules for this kernel against, prepared only on use; or why there is none. */
  buildTree(kernel: Kernel, context: KernelContext): Promise<BuildTree | Unavailable>
  /**
   * By kernel id: the package changelog that covers the kernel, or why there is none. A provider whose kernels do not come
   * in packages leaves this method out.
   */
  changelogs?(kernels: readonly Kernel[], context: KernelContext): Promise<ReadonlyMap<string, FoundChangelog | Unavailable>>
}

/** A kernel that is listed, but whose package is not on the mirror any more. */
export class NotOnMirrorError extends UserError {}

/** Run work whose spans are phases of fetching this kernel. */
export function asFetch<T>(kernel: string, work: () => T): T {
  return withSubject({ kernel, case: null, lane: 'fetches' }, work)
}

/**
 * Download, unpack or build in a fetch slot. Take locks before the slot: the holder of a lock may be waiting for a slot, so
 * the reverse order deadlocks.
 */
export function inTurn<T>(context: KernelContext, work: () => Promise<T>): Promise<T> {
  return context.inTurn ? context.inTurn(work) : work()
}

/** Report progress that has no byte count. */
export function reportProgress(context: KernelContext, kernel: string | null, message: string): void {
  context.progress?.({ kernel, message, doneBytes: null, totalBytes: null })
}
