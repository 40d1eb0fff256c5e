/** The standing of a race in sentences for readers without statistics. No sentence claims more than its numbers. */
import type { Conditions, RaceStanding } from '#domain/control.ts'
import type { TrialGroup } from './groups.ts'
import { trialsNeeded } from './statistics.ts'
import { chanceOf, countOf, many, percentOf } from '#domain/numbers.ts'

/** Without a reference rate an example uses this one: the controls of the catalogue show the bug in 1 to 10 % of trials. */
const EXAMPLE_RATE = 0.01

/** The source of the rate: `20 hits in 980 trials on KERNEL, by io_uring, of its own series`. */
function measured({ reference, extrapolated }: Pick<RaceStanding, 'reference' | 'extrapolated'>): string {
  if (reference === null) return ''
  const by = reference.codePath === null ? [] : [`by ${reference.codePath}`]
  const series = extrapolated ? `of another series, ${reference.series}` : 'of its own series'
  const numbers = `${many(reference.hits, 'hit')} in ${many(reference.trials, 'trial')} on ${reference.kernel}`
  return [numbers, ...by, series].join(', ')
}

/** What these trials would be worth against the example rate. */
function exampleOf({ trials, maxMissProbability }: Pick<RaceStanding, 'trials' | 'maxMissProbability'>): string[] {
  const needed = trialsNeeded(EXAMPLE_RATE, maxMissProbability)
  if (needed === null) return []
  const remaining = needed - trials.trials
  const rate = `For example, against a control that shows the bug in ${percentOf(EXAMPLE_RATE, 'halfExpand')} of trials`
  const left = remaining > 0 ? `${countOf(remaining)} more than here` : 'no more than here'
  return [`${rate}, ${many(needed, 'trial')} without a hit would be enough: ${left}.`]
}

/** The sentences. `why` says why no reference rate applies; empty if one does. */
export function explain(standing: Omit<RaceStanding, 'explanation'>, why: readonly string[]): string[] {
  const {
    trials,
    interval,
    referenceInterval,
    extrapolated,
    missProbability: missed,
    maxMissProbability,
    trialsRemaining,
  } = standing
  if (trials.trials === 0) return ['There was no trial: the two sides of the race never met.', ...why, ...exampleOf(standing)]
  const seen = `Seen in ${trials.hits} of ${many(trials.trials, 'trial')}.`
  if (trials.hits > 0) {
    const ends = `${percentOf(interval.low, 'floor')} and ${percentOf(interval.high, 'ceil')}`
    return [seen, `One hit is proof; the rate here is between ${ends} of trials (95 % confidence).`]
  }
  if (referenceInterval === null || missed === null || trialsRemaining === null) {
    const nothing = 'Trials without a hit prove nothing until the same program hits on a known-bad kernel.'
    return [seen, nothing, ...why, ...exampleOf(standing)]
  }
  const share = percentOf(referenceInterval.low, 'floor')
  return [
    seen,
    `A known-bad kernel shows the bug in at least ${share} of trials (${measured(standing)}).`,
    `If the bug were here and showed as often, the probability of no hit in so many trials would be ${chanceOf(missed)}.`,
    ...(extrapolated ? ['That it would show as often here is an assumption: the rate is of another series.'] : []),
    ...(trialsRemaining > 0
      ? [`${many(trialsRemaining, 'more trial')} without a hit would bring that to ${chanceOf(maxMissProbability)}.`]
      : []),
  ]
}

function differences(left: Conditions | null, right: Conditions | null): string[] {
  const hostOf = (one: Conditions | null): string => (one ? `a ${one.load} host` : 'a host of unknown load')
  return [
    ...(hostOf(left) === hostOf(right) ? [] : [`ran on ${hostOf(left)}, not on ${hostOf(right)}`]),
    ...(left && right && (left.qemu !== right.qemu || left.host !== right.host)
      ? ['ran under another QEMU or on another host']
      : []),
  ]
}

/** The groups of trials that do not count, and why, a sentence each. */
export function notCounted(chosen: TrialGroup, others: readonly TrialGroup[]): string[] {
  return others.map(({ trials, codePath, program, conditions }) => {
    const why = [
      ...(codePath === chosen.codePath ? [] : [`took another code path (${codePath ?? 'without a name'})`]),
      ...(program === chosen.program ? [] : ['are of another build of the reproducer']),
      ...differences(conditions, chosen.conditions),
    ]
    const hits = trials.hits > 0 ? ` (${many(trials.hits, 'hit')})` : ''
    return `Not counted: ${many(trials.trials, 'trial')}${hits} that ${why.join(', and ')}.`
  })
}
