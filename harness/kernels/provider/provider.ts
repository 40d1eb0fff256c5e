/** The contract of a kernel provider: where kernels come from. A new one is one file and one line in index.ts. */
import type { Kernel, KernelImage, ListedKernel, ProviderName } from '#domain/kernel.ts'
import type { ChangelogSource } from '#domain/claim-sources.ts'
import type { SpanListener } from '#domain/span.ts'
import { createStopwatch, type Stopwatch } from '#harness/support/stopwatch.ts'
import type { Workspace } from '#harness/support/workspace.ts'

/** What a provider is doing, as data: the caller shows it or not. */
export interface KernelProgress {
  /** Id of the kernel it is about, null for an index or the provider as a whole. */
  readonly kernel: string | null
  readonly message: string
  /** Bytes so far and in all; null where there is nothing to count. */
  readonly doneBytes: number | null
  readonly totalBytes: number | null
  /** One of many, each saying more than the one before: worth its place on a terminal, not a line in a log. */
  readonly passing?: true
}

/** Everything a provider may lean on besides its arguments. */
export interface KernelContext {
  readonly workspace: Workspace
  readonly signal?: AbortSignal
  readonly progress?: (event: KernelProgress) => void
  /** Told of every stage when it is over. */
  readonly spans?: SpanListener
  /** Does the work when its turn has come, where many kernels are asked for at once: what is in the cache waits for none. */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>
  /** Base URL of a Debian mirror, instead of those of the host's apt configuration. */
  readonly mirror?: string
  /** Keyring that signs that mirror, instead of the Debian archive keyring. */
  readonly keyring?: string
  /** Milliseconds since the epoch: what was asked of the mirror before this moment is asked again, however fresh. */
  readonly freshAfter?: number
  /** Commits of a git repository are built one after the other in one worktree of it, and leave no base. */
  readonly inWorktree?: true
  /** Compilers at once when a kernel is built; all cores when not given. */
  readonly buildJobs?: number
}

/** A kernel module as a plain .ko file, ready to be loaded. */
export interface ModuleFile {
  readonly name: string
  readonly path: string
}

/** Why there is none of what was asked for, in one line. */
export interface Missing {
  readonly missing: string
}

/** A package changelog that tells of a kernel: in the cache, compressed by gzip as its package had it. */
export interface FoundChangelog extends ChangelogSource {
  readonly path: string
}

/** What modules for one kernel are compiled against. */
export interface BuildTree {
  /** Says all that decides a module besides its own source and the compiler. */
  readonly key: string
  /**
   * Bring the tree, and give `work` the arguments with which make builds modules in it; it stays as it is until the work is
   * done. Throws UserError when it cannot be had, InfraError for the machine; what `work` throws comes through.
   */
  readonly use: <T>(work: (make: readonly string[]) => Promise<T>) => Promise<T>
}

export interface Provider {
  readonly name: ProviderName
  /**
   * The kernels that the part of a selector behind `name:` means, in any order. The empty part means what a listing
   * shows: all that are cached, and all to be had of the flavour that is taken when none is named.
   * Throws UserError when the part cannot be read or nothing matches it.
   */
  list(part: string, context: KernelContext): Promise<ListedKernel[]>
  /** All of the series and flavour of a kernel that this provider lists, gone ones too; left out where there is no such list. */
  listSeries?(kernel: Kernel, context: KernelContext): Promise<ListedKernel[]>
  /** The kernel of that id; throws UserError naming the nearest when there is none. */
  find(id: string, context: KernelContext): Promise<ListedKernel>
  /** Bring a kernel into the cache (at once when it is there and whole) and give its files. */
  fetch(kernel: Kernel, context: KernelContext): Promise<KernelImage>
  /** These modules and all they depend on, in load order. Throws UserError when the kernel has no such module. */
  fetchModules(kernel: Kernel, names: readonly string[], context: KernelContext): Promise<ModuleFile[]>
  /** What modules for this kernel can be compiled against, or why there is nothing; the tree is brought when it is used. */
  buildTree(kernel: Kernel, context: KernelContext): Promise<BuildTree | Missing>
  /**
   * The package changelogs that tell of these kernels, or why there is none, by kernel id. Left out by providers whose
   * kernels come in no package.
   */
  changelogs?(kernels: readonly Kernel[], context: KernelContext): Promise<ReadonlyMap<string, FoundChangelog | Missing>>
}

/** A stopwatch for what is done to bring this kernel. */
export function fetchWatch(context: KernelContext, kernel: string): Stopwatch {
  return createStopwatch(context.spans, { kernel, case: null, lane: 'fetches' })
}

/**
 * Download, unpack or build when the turn of it has come. Locks are taken before, never while the turn is held: who has the
 * lock may be waiting for a turn.
 */
export function inTurn<T>(context: KernelContext, work: () => Promise<T>): Promise<T> {
  return context.inTurn ? context.inTurn(work) : work()
}

/** Tell the caller something that has no byte count. */
export function say(context: KernelContext, kernel: string | null, message: string): void {
  context.progress?.({ kernel, message, doneBytes: null, totalBytes: null })
}
