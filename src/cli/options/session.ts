/** Options of every command that carries out a run. */

/** Options that bound a run, whatever it is for. */
export interface SessionOptions {
  readonly mirror?: string
  readonly cores?: string
  readonly jobs?: string
  readonly timings?: true
  /** Folder of a git tree that is asked about the fixes. */
  readonly history?: string
}
