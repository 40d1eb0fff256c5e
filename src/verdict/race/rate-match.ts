/** The reference rate for the trials of a cell, or why no rate applies. */
import type { Conditions, ControlRate } from '#domain/control.ts'
import { parseVersion } from '#domain/version.ts'
import { expiry } from './conditions.ts'
import { minHits } from './statistics.ts'
import { many } from '#domain/numbers.ts'

/** What the trials of a cell depend on. */
export interface TrialContext {
  readonly case: string
  readonly program: string
  /** profileName. */
  readonly profile: string
  readonly series: string
  readonly codePath: string | null
  readonly conditions: Conditions | null
}

export type RateMatch =
  | { readonly rate: ControlRate; readonly extrapolated: boolean }
  /** Sentences for people. */
  | { readonly rate: null; readonly why: readonly string[] }

const ADVICE = 'Run kwitness controls to measure it.'

/** Mainline goes on to the next major version after 19 or 20 releases. */
const RELEASES_OF_A_MAJOR = 20

/** The number of a series among all releases; null if it is not a version. */
function position(series: string): number | null {
  const version = parseVersion(series.replace(/\.y$/, ''))
  return version && version.major * RELEASES_OF_A_MAJOR + version.minor
}

/** The rates of the series with the fewest releases between it and this one; of two as near, the older. */
function nearest(rates: readonly ControlRate[], series: string): ControlRate[] {
  const here = position(series)
  const distanceTo = (rate: ControlRate): number => {
    if (rate.series === series) return 0
    const there = position(rate.series)
    return here === null || there === null ? Number.POSITIVE_INFINITY : Math.abs(there - here) + (there > here ? 0.5 : 0)
  }
  const minimum = Math.min(...rates.map(distanceTo))
  return minimum === Number.POSITIVE_INFINITY ? [] : rates.filter((rate) => distanceTo(rate) === minimum)
}

/** The rate with the latest measurement. */
function newest(rates: readonly ControlRate[]): ControlRate | undefined {
  return rates.toSorted((a, b) => (a.measuredAt < b.measuredAt ? 1 : -1))[0]
}

function none(...why: string[]): RateMatch {
  return { rate: null, why }
}

function codePathName(codePath: string | null): string {
  return codePath ?? 'a code path without a name'
}

/**
 * The reference rate at this maximum miss probability: of the same case, program, profile, code path and conditions, and of the
 * cell's own series if it was measured there, else extrapolated from the nearest series. Only the nearest measured series
 * counts: if its control had too few hits, the rate of a more distant one does not replace it.
 */
export function matchRate(rates: readonly ControlRate[], here: TrialContext, maxMissProbability: number): RateMatch {
  const ofCase = rates.filter((rate) => rate.case === here.case)
  const ofProfile = ofCase.filter((rate) => rate.profile === here.profile)
  const related = ofProfile.filter((rate) => rate.codePath === here.codePath)
  const { conditions } = here
  if (ofCase.length === 0) return none('There is no reference rate for this case.', ADVICE)
  if (ofProfile.length === 0) return none(`The reference rates are of other guests (${ofCase[0]?.profile}).`, ADVICE)
  if (related.length === 0) {
    const others = [...new Set(ofProfile.map(({ codePath }) => codePathName(codePath)))].toSorted().join(', ')
    return none(`The reference rates are of ${others}; the code path here is ${codePathName(here.codePath)}.`, ADVICE)
  }
  if (conditions === null) return none('The load of the host is not known here, so no reference rate applies.')
  const changes = (rate: ControlRate): string[] => expiry(rate, { program: here.program, conditions })
  const rate = newest(
    nearest(
      related.filter((one) => changes(one).length === 0),
      here.series,
    ),
  )
  if (!rate) return expired(related, here.series, changes)
  const control = `The control kernel of ${rate.series} (${rate.kernel})`
  const shown = `${control} had ${many(rate.hits, 'hit')} in ${many(rate.trials, 'trial')}`
  if (rate.hits === 0) return none(`${shown}, so trials without a hit say nothing.`)
  const needed = minHits(maxMissProbability)
  if (rate.hits < needed) return none(`${shown}; a reference rate needs ${needed}.`)
  return { rate, extrapolated: rate.series !== here.series }
}

function expired(related: readonly ControlRate[], series: string, changes: (rate: ControlRate) => string[]): RateMatch {
  const near = nearest(related, series)
  const minimum = Math.min(...near.map((one) => changes(one).length))
  const rate = newest(near.filter((one) => changes(one).length === minimum))
  if (!rate) return none(`No series with a measured rate can be compared with ${series}.`)
  const what = changes(rate).join(', and ')
  return none(
    `The rate of ${rate.kernel} was measured ${what}: it no longer counts.`,
    'Run kwitness controls to measure it again.',
  )
}
