/** Which rate the clean trials of a cell may be weighed against, and if none may, why. */
import type { Conditions, ControlRate } from '#domain/control.ts'
import { parseVersion } from '#domain/version.ts'
import { expiry } from './conditions.ts'
import { minHits } from './statistics.ts'
import { count } from '../numbers.ts'

/** What the trials of a cell were made of and under. */
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

const RENEW = 'kwitness controls measures it.'

/** Mainline goes on to the next major version after 19 or 20 releases. */
const RELEASES_OF_A_MAJOR = 20

/** Where a series stands among all, in releases; null for one that is no version. */
function position(series: string): number | null {
  const version = parseVersion(series.replace(/\.y$/, ''))
  return version && version.major * RELEASES_OF_A_MAJOR + version.minor
}

/** The rates of the line nearest to a series by the number of releases between them; the older of two as near. */
function nearest(rates: readonly ControlRate[], series: string): ControlRate[] {
  const here = position(series)
  const far = (rate: ControlRate): number => {
    if (rate.series === series) return 0
    const there = position(rate.series)
    return here === null || there === null ? Number.POSITIVE_INFINITY : Math.abs(there - here) + (there > here ? 0.5 : 0)
  }
  const least = Math.min(...rates.map(far))
  return least === Number.POSITIVE_INFINITY ? [] : rates.filter((rate) => far(rate) === least)
}

/** The one that was measured last. */
function newest(rates: readonly ControlRate[]): ControlRate | undefined {
  return rates.toSorted((a, b) => (a.measuredAt < b.measuredAt ? 1 : -1))[0]
}

function none(...why: string[]): RateMatch {
  return { rate: null, why }
}

function codePathName(codePath: string | null): string {
  return codePath === null ? 'a road of no name' : codePath
}

/**
 * The rate to lean on at this bound: of the same case, program, profile, trigger and conditions; of the cell's own
 * series where one was measured, else borrowed from the nearest line. The nearest line that was measured decides: where
 * its control was not hit, or too rarely, no other line's rate stands in for it.
 */
export function matchRate(rates: readonly ControlRate[], here: TrialContext, bound: number): RateMatch {
  const ofCase = rates.filter((rate) => rate.case === here.case)
  const ofProfile = ofCase.filter((rate) => rate.profile === here.profile)
  const related = ofProfile.filter((rate) => rate.codePath === here.codePath)
  const { conditions } = here
  if (ofCase.length === 0) return none('How often the bug shows where it is has not been measured.', RENEW)
  if (ofProfile.length === 0)
    return none(`How often the bug shows was only measured in other guests (${ofCase[0]?.profile}).`, RENEW)
  if (related.length === 0) {
    const others = [...new Set(ofProfile.map(({ codePath }) => codePathName(codePath)))].toSorted().join(', ')
    return none(
      `How often the bug shows was measured by ${others} only; the road taken here was ${codePathName(here.codePath)}.`,
      RENEW,
    )
  }
  if (conditions === null) return none('How busy the host was is not known here, so no measured rate can be held against it.')
  const changes = (rate: ControlRate): string[] => expiry(rate, { program: here.program, conditions })
  const rate = newest(
    nearest(
      related.filter((one) => changes(one).length === 0),
      here.series,
    ),
  )
  if (!rate) return expired(related, here.series, changes)
  const line = `The control of ${rate.series} (${rate.kernel})`
  if (rate.hits === 0) return none(`${line} showed nothing in ${count(rate.trials, 'trial')}, so clean trials say nothing.`)
  const needed = minHits(bound)
  if (rate.hits < needed) {
    const shown = `${count(rate.hits, 'time')} in ${count(rate.trials, 'trial')}`
    return none(`${line} showed the bug only ${shown}; ${needed} times are needed.`)
  }
  return { rate, extrapolated: rate.series !== here.series }
}

function expired(related: readonly ControlRate[], series: string, changes: (rate: ControlRate) => string[]): RateMatch {
  const near = nearest(related, series)
  const fewest = Math.min(...near.map((one) => changes(one).length))
  const rate = newest(near.filter((one) => changes(one).length === fewest))
  if (!rate) return none(`No line with a measured rate can be said to be near to ${series}.`)
  const what = changes(rate).join(', and ')
  return none(`The rate of ${rate.kernel} was measured ${what}: it no longer counts.`, 'kwitness controls measures it anew.')
}
