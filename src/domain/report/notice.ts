/** Word of a night: what changed, for people and programs that were not looking. */
import type { Verdict } from '../judgement.ts'
import type { RunDiff } from './diff.ts'

export interface Notice {
  readonly schema: 'kwitness.notice/1'
  /** The same for every attempt to deliver it, so that a receiver can tell a repetition; letters, digits and `-` alone. */
  readonly key: string
  /** Name of the configuration that the night belongs to. */
  readonly name: string
  /** ISO 8601: when the notice was made. */
  readonly at: string
  /** Why the night failed, one sentence; null where it reached its end. */
  readonly failure: string | null
  /** The run of the night, and how many of its results are still to be made; null where the night failed. */
  readonly run: { readonly id: string; readonly startedAt: string; readonly unfinished: number } | null
  readonly counts: Readonly<Record<Verdict, number>>
  /** Compared with the night before; null on the first night. */
  readonly diff: RunDiff | null
  /** What went wrong, one sentence each: kernels that could not be fetched, a page that could not be written. */
  readonly problems: readonly string[]
  /** Address of the page of the night; null where none is configured. */
  readonly url: string | null
}
