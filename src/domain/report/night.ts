/** A night in short: what its pages and the history strips of later nights are made of, when its run may be gone. */
import type { Verdict } from '../judgement.ts'
import type { Kernel } from '../kernel.ts'
import type { RunDiff } from './diff.ts'

/** What a strip shows of a result: its verdict, `unfinished` where the budget ended first, `none` where it was not asked. */
export type NightResult = Verdict | 'unfinished' | 'none'

export interface Night {
  readonly schema: 'kwitness.night/1'
  /** Safe as the name of a folder: that of the nightly configuration, and the run. */
  readonly key: string
  readonly run: string
  readonly startedAt: string
  readonly endedAt: string
  readonly unfinished: number
  readonly counts: Readonly<Record<Verdict, number>>
  /** Compared with the night before; null on the first night. */
  readonly diff: RunDiff | null
  readonly problems: readonly string[]
  readonly kernels: readonly Kernel[]
  readonly cases: readonly { readonly id: string; readonly title: string }[]
  /**
   * A text for each kernel, a letter for each case: c carries, l lacks, i inconclusive, n not applicable, e error, r no result,
   * u unfinished, - none.
   */
  readonly rows: readonly string[]
}
