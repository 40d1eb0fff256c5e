/** Spans: where the time of a run went, as plain data; one for each stage of one thing, told when it is over. */

/** What was being done. `attempt`, `guest` and `fetch` hold others: their own time is what none of those took. */
export type PhaseName =
  | 'start'
  | 'choose kernels'
  | 'look at host'
  | 'initramfs'
  | 'programs'
  | 'prove accelerator'
  | 'fetch'
  | 'check image'
  | 'download'
  | 'unpack'
  | 'hash'
  | 'modules'
  | 'external modules'
  | 'guest'
  | 'make room'
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
  | 'assemble'
  | 'render'

/** Where it was done: what one lane holds goes on side by side up to a bound of its own. */
export type Lane = 'prepare' | 'fetches' | 'slots' | 'races' | 'report'

/** Whose time it is. */
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
