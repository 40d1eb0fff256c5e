/** What hits and trials say about a rate, and what a rate says about trials without a hit. */
import type { ConfidenceInterval } from '#domain/control.ts'
import type { Trials } from '#domain/control.ts'
import { InvariantError } from '#domain/errors.ts'
import { incompleteBeta } from './beta.ts'

/** The x in [0, 1] where a rising function reaches the target, by bisection down to the last bit. */
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
 * Exact (Clopper-Pearson) two-sided interval of a rate. The probability that the rate lies outside one end is at most
 * (1 - confidence) / 2, so `low` is also a one-sided bound. Without trials: [0, 1].
 *
 * `low` also holds where trials stopped at the r-th hit: the r-th hit comes within n trials exactly when n trials have at least
 * r hits, P(N <= n) = P(Bin(n, p) >= r), and `low` is solved from that tail. `high` is then slightly too low; no verdict uses it.
 * Throws InvariantError for counts that are not valid.
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

/** Probability that n trials of a bug with at least this rate give no hit: (1 - pLow)^n. */
export function missProbability(pLow: number, trials: number): number {
  return trials === 0 ? 1 : Math.exp(trials * Math.log1p(-pLow))
}

/** Minimum number of trials without a hit for a miss probability; null when no number is enough (the rate may be 0). */
export function trialsNeeded(pLow: number, bound: number): number | null {
  if (bound >= 1) return 0
  if (!(pLow > 0) || !(bound > 0)) return null
  const estimate = Math.max(1, Math.ceil(Math.log(bound) / Math.log1p(-pLow)))
  // The quotient can be off by a rounding error next to a whole number; the bound must hold as missProbability computes it.
  return missProbability(pLow, estimate) <= bound ? estimate : estimate + 1
}

/**
 * Minimum number of hits of a control for which the bound holds, including the luck of the control itself. `low` exceeds the
 * true rate in 2.5 % of measurements, and by much with few hits. With r hits and a small rate p, the trials until then are
 * Gamma(r) / p and low is L / trials. So n trials without a hit, enough by `low`, occur on an affected kernel with probability
 * bound^(Gamma(r) / L): on average (1 + ln(1 / bound) / L)^-r.
 */
export function minHits(bound: number): number {
  const known = fewestHits.get(bound)
  if (known !== undefined) return known
  const many = 1e9
  for (let hits = 1; ; hits += 1) {
    const reach = rateInterval({ hits, trials: many }).low * many
    if ((1 + Math.log(1 / bound) / reach) ** -hits > bound) continue
    fewestHits.set(bound, hits)
    return hits
  }
}

/** By bound: each judgement of a race asks for the same one, and the search takes a millisecond. */
const fewestHits = new Map<number, number>()
