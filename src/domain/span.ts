/** Spans: where the time of a run went, as plain data; one for each phase, reported when it ends. */

/** The phase. `attempt`, `guest` and `fetch` contain others: their own time excludes those. */
export type PhaseName =
  | 'start'
  | 'choose kernels'
  | 'look at host'
  | 'initramfs'
  | 'programs'
  | 'prove accelerator'
  | 'reuse'
  | 'fetch'
  | 'check image'
  | 'download'
  | 'unpack'
  | 'hash'
  | 'modules'
  | 'external modules'
  | 'guest'
  | 'evict'
  | 'check guest'
  | 'boot'
  | 'save'
  | 'fork server'
  | 'attempt'
  | 'measure load'
  | 'payload'
  | 'spawn'
  | 'QEMU start'
  | 'restore'
  | 'fork'
  | 'case'
  | 'drain'
  | 'kill'
  | 'logs'
  | 'store'
  | 'judge'
  | 'build report'
  | 'render'

/** The lane: spans of one lane run side by side up to its own limit. */
export type Lane = 'prepare' | 'fetches' | 'slots' | 'races' | 'report'

/** The owner of the time. */
export interface Subject {
  readonly kernel: string | null
  readonly case: string | null
  readonly lane: Lane
}

export interface Span extends Subject {
  readonly name: PhaseName
  /** Milliseconds of one monotonic clock, the same for all spans of a run. */
  readonly start: number
  readonly end: number
}

export type SpanListener = (span: Span) => void
