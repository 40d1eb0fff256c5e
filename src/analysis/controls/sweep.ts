/** The sweep: one race on its control under many guest profiles, and which of them hits soonest. */
import type { ConfidenceInterval } from '#domain/control.ts'
import type { Trials } from '#domain/control.ts'

/** A guest profile and the options of the race in it. */
export interface SweepVariant {
  /** The case, and the series and fix of the control. */
  readonly case: string
  readonly series: string
  readonly fix: string
  readonly cpus: number
  readonly memoryMiB: number
  /** `--spread` of the case: the width of the window of random delays. */
  readonly spread: number
  /** Whether it is what case.json asks for. */
  readonly isDefault: boolean
}

/** An attempt with an answer: it ended at its first hit, or without one. */
export interface SweepTry {
  readonly hit: boolean
  /** Guest seconds, including set-up and self-checks. */
  readonly seconds: number
  readonly trials: Trials
}

export interface SweepRow extends SweepVariant {
  readonly attempts: number
  /** Attempts that hit. */
  readonly hit: number
  /** Median of the guest seconds to the first hit; null when fewer than half of the attempts hit. */
  readonly medianSeconds: number | null
  readonly trials: Trials
  readonly interval: ConfidenceInterval
  readonly trialsPerSecond: number
  /** Guest seconds for each hit, including attempts without one; null without a hit. */
  readonly secondsPerHit: number | null
}

/** The row of a variant; `trials` is the sum of its attempts, `interval` their rate. */
export function sweepRow(
  variant: SweepVariant,
  tries: readonly SweepTry[],
  trials: Trials,
  interval: ConfidenceInterval,
): SweepRow {
  const seconds = tries.reduce((sum, one) => sum + one.seconds, 0)
  const hits = tries
    .filter((one) => one.hit)
    .map((one) => one.seconds)
    .toSorted((a, b) => a - b)
  return {
    ...variant,
    attempts: tries.length,
    hit: hits.length,
    // An attempt without a hit would have hit later than all others.
    medianSeconds: hits[Math.ceil(tries.length / 2) - 1] ?? null,
    trials,
    interval,
    trialsPerSecond: seconds > 0 ? trials.trials / seconds : 0,
    secondsPerHit: hits.length > 0 ? seconds / hits.length : null,
  }
}

/** The rows by their time to a hit; rows without a hit come last, the more trials the later. */
export function rankSweep(rows: readonly SweepRow[]): SweepRow[] {
  const time = ({ secondsPerHit }: SweepRow) => secondsPerHit ?? Number.MAX_VALUE
  return rows.toSorted((a, b) => time(a) - time(b) || a.trials.trials - b.trials.trials)
}
