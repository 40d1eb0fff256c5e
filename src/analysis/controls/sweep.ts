/** The sweep: one race on its control under many guest profiles, and which of them comes to a hit soonest. */
import type { ConfidenceInterval } from '#domain/control.ts'
import type { Trials } from '#domain/control.ts'

/** A guest, and how a race is run in it. */
export interface SweepVariant {
  /** The case it is a variant of, and the line and fix of the control. */
  readonly case: string
  readonly series: string
  readonly fix: string
  readonly cpus: number
  readonly memoryMiB: number
  /** Width of the window that delays are drawn from, as the case takes it. */
  readonly spread: number
  /** What case.json asks for. */
  readonly isDefault: boolean
}

/** An attempt that came to an answer. It ended at its first hit, or in vain. */
export interface SweepTry {
  readonly hit: boolean
  /** Guest seconds, set-up and self-checks included. */
  readonly seconds: number
  readonly trials: Trials
}

export interface SweepRow extends SweepVariant {
  readonly attempts: number
  /** Attempts that hit. */
  readonly hit: number
  /** Guest seconds to the first hit in half of the attempts; null when fewer hit. */
  readonly medianSeconds: number | null
  readonly trials: Trials
  readonly interval: ConfidenceInterval
  readonly trialsPerSecond: number
  /** Guest seconds for each hit, those of attempts in vain included; null when there was none. */
  readonly secondsPerHit: number | null
}

/** What the attempts of a variant come to; `trials` are all of theirs, `interval` their rate. */
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
    // An attempt in vain would have hit later than all that did.
    medianSeconds: hits[Math.ceil(tries.length / 2) - 1] ?? null,
    trials,
    interval,
    trialsPerSecond: seconds > 0 ? trials.trials / seconds : 0,
    secondsPerHit: hits.length > 0 ? seconds / hits.length : null,
  }
}

/** The rows by the time they take to a hit; those that never did come last, the more often tried the later. */
export function rankSweep(rows: readonly SweepRow[]): SweepRow[] {
  const time = ({ secondsPerHit }: SweepRow) => secondsPerHit ?? Number.MAX_VALUE
  return rows.toSorted((a, b) => time(a) - time(b) || a.trials.trials - b.trials.trials)
}
