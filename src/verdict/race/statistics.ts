/** What hits and trials say about a rate, and what a rate says about clean trials. */
import type { ConfidenceInterval } from '#domain/control.ts'
import type { Trials } from '#domain/control.ts'
import { InvariantError } from '#domain/errors.ts'
import { incompleteBeta } from './beta.ts'

/** The x in [0, 1] at which a rising function reaches the target, by bisection down to the last bit. */
function solveRising(rising: (x: number) => number, target: number): number {
  let low = 0
  let high = 1
  for (;;) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) return middle
    if (rising(middle) < target) low = middle
    else high = middle
  }
}

/**
 * Exact (Clopper-Pearson) two-sided interval of a rate. Each end alone is exceeded with a chance of at most
 * (1 - confidence) / 2, so `low` may be used as a one-sided bound. No trials: the whole of [0, 1].
 *
 * `low` holds as well where trials stopped at the r-th hit: the r-th hit comes within n trials exactly when n trials
 * have at least r hits, P(N <= n) = P(Bin(n, p) >= r), and that tail is what `low` is solved from. `high` is then a
 * little too low, and nothing leans on it.
 * Throws InvariantError when the counts are no counts.
 */
export function rateInterval({ hits, trials }: Trials, confidence = 0.95): ConfidenceInterval {
  const counts = Number.isSafeInteger(hits) && Number.isSafeInteger(trials) && hits >= 0 && hits <= trials
  if (!counts || !(confidence > 0 && confidence < 1)) {
    throw new InvariantError(`no interval for ${hits} hits in ${trials} trials at confidence ${confidence}`)
  }
  const tail = (1 - confidence) / 2
  return {
    low: hits === 0 ? 0 : solveRising((p) => incompleteBeta(hits, trials - hits + 1, p), tail),
    high: hits === trials ? 1 : solveRising((p) => incompleteBeta(hits + 1, trials - hits, p), 1 - tail),
  }
}

/** Chance that n trials of a bug that hits with at least this rate are all clean: (1 - pLow)^n. */
export function missProbability(pLow: number, trials: number): number {
  return trials === 0 ? 1 : Math.exp(trials * Math.log1p(-pLow))
}

/** Fewest clean trials that bring the chance of a miss down to the bound; null when no number does (the rate may be 0). */
export function trialsNeeded(pLow: number, bound: number): number | null {
  if (bound >= 1) return 0
  if (!(pLow > 0) || !(bound > 0)) return null
  const estimate = Math.max(1, Math.ceil(Math.log(bound) / Math.log1p(-pLow)))
  // The quotient can be off by a rounding error next to a whole number; the bound must hold as missChance computes it.
  return missProbability(pLow, estimate) <= bound ? estimate : estimate + 1
}

/**
 * Fewest hits of a control for which the bound holds, the luck of the control itself included. `low` is above the true
 * rate once in 40, and with few hits far above it. With r hits and a small rate p, the trials until then are
 * Gamma(r) / p and low is L / trials, so n clean trials, enough by low, are met with chance bound^(Gamma(r) / L) where
 * the bug is: on average (1 + ln(1 / bound) / L)^-r.
 */
export function minHits(bound: number): number {
  const many = 1e9
  for (let hits = 1; ; hits += 1) {
    const reach = rateInterval({ hits, trials: many }).low * many
    if ((1 + Math.log(1 / bound) / reach) ** -hits <= bound) return hits
  }
}
