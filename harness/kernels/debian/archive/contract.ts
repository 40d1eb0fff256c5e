/** What kwitness asks of a Debian archive. apt does it where it is installed (apt.ts), curl and gpgv elsewhere (direct.ts). */
import type { SourcePackage } from '#schema/cache/debian.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import type { AptRoot } from './root.ts'

export type PoolState = 'present' | 'gone' | 'unknown'

/** The Packages file of one suite, as it arrived and was verified. */
export interface ListText {
  readonly suite: string
  /** URL that Filename fields are relative to. */
  readonly repository: string
  /** Decompressed. */
  readonly text: string
}

export interface DebianArchive {
  /**
   * Fetch the lists of every suite and check their signatures; where a suite does not arrive its old list stays. Returns what
   * went wrong, a line for each: `W: Failed to fetch URI SUITE ...` for a mirror that could not be reached or has no such suite
   * (404), `W: Refused URI SUITE ...` for what cannot be trusted.
   */
  readonly update: (root: AptRoot, context: KernelContext) => Promise<string[]>
  /** The lists that have arrived, at any time. */
  readonly lists: (root: AptRoot, context: KernelContext) => Promise<ListText[]>
  /** Fetch a file into `target`. Throws DownloadFailure, and InfraError for a mirror that sends next to nothing. */
  readonly download: (root: AptRoot, file: RemoteFile, target: string, context: KernelContext) => Promise<void>
  /** Whether the pool still has these files, without fetching them; those without an answer may be left out. */
  readonly ask: (
    root: AptRoot,
    uris: readonly string[],
    folder: string,
    context: KernelContext,
  ) => Promise<Map<string, PoolState>>
  /** The newest package of a name, or its version `build`; else why there is none. */
  readonly find: (root: AptRoot, name: string, build: string | null, context: KernelContext) => Promise<SourcePackage | string>
}

export interface RemoteFile {
  readonly uri: string
  readonly sha256: string
  readonly bytes: number
}

/** A download that failed: the file is gone, it is not what the signed list says, the disk is full, or anything else. */
export class DownloadFailure extends Error {
  readonly kind: 'gone' | 'changed' | 'full' | 'other'

  constructor(kind: DownloadFailure['kind'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}
