/** What a race rests on, in sentences for somebody who knows no statistics. None claims more than the numbers do. */
import type { Conditions, RaceStanding } from '#domain/control.ts'
import type { TrialGroup } from './groups.ts'
import { trialsNeeded } from './statistics.ts'
import { atLeastPercent, count, grouped, onceIn, percent } from '../numbers.ts'

/** With no rate to lean on, what is missing is told for this one: the controls of the catalogue show 1 to 10 % of trials. */
const FOR_SCALE = 0.01

/** Where the rate comes from: `20 hits in 980 trials on KERNEL, by io_uring, of its own line`. */
function measured({ reference, extrapolated }: Pick<RaceStanding, 'reference' | 'extrapolated'>): string {
  if (reference === null) return ''
  const by = reference.codePath === null ? [] : [`by ${reference.codePath}`]
  const line = extrapolated ? `of another line, ${reference.series}` : 'of its own line'
  const numbers = `${count(reference.hits, 'hit')} in ${count(reference.trials, 'trial')} on ${reference.kernel}`
  return [numbers, ...by, line].join(', ')
}

/** How far these clean trials would go, were a rate known. */
function forScale({ trials, maxMissProbability }: Pick<RaceStanding, 'trials' | 'maxMissProbability'>): string[] {
  const needed = trialsNeeded(FOR_SCALE, maxMissProbability)
  if (needed === null) return []
  const missing = needed - trials.trials
  const rate = `For scale: against a control that shows the bug in ${percent(FOR_SCALE)} of trials`
  const left = missing > 0 ? `${grouped(missing)} are missing` : 'these would be enough'
  return [`${rate}, ${count(needed, 'clean trial')} would be believed: ${left}.`]
}

/** The sentences. `why` says why no rate may be leaned on, where none may. */
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
  if (trials.trials === 0) return ['No trial came about: the two sides of the race never met.', ...why, ...forScale(standing)]
  const seen = `Seen in ${trials.hits} of ${count(trials.trials, 'trial')}.`
  if (trials.hits > 0) {
    const ends = `${percent(interval.low)} and ${percent(interval.high)}`
    return [seen, `One hit is proof; how often it shows here is likely between ${ends} of trials.`]
  }
  if (referenceInterval === null || missed === null || trialsRemaining === null) {
    const nothing = 'Clean trials prove nothing until the same program is seen to hit on a kernel known to be bad.'
    return [seen, nothing, ...why, ...forScale(standing)]
  }
  const share = atLeastPercent(referenceInterval.low)
  return [
    seen,
    `Where the bug is known to be, it shows in at least ${share} of trials (${measured(standing)}).`,
    `If it were here and showed as often, a run as clean as this would come up at most ${onceIn(missed)}.`,
    ...(extrapolated ? ['That it would show as often here is an assumption: the rate was measured on another line.'] : []),
    ...(trialsRemaining > 0
      ? [`${count(trialsRemaining, 'more clean trial')} would make that ${onceIn(maxMissProbability)}.`]
      : []),
  ]
}

function differences(left: Conditions | null, right: Conditions | null): string[] {
  const busy = (one: Conditions | null): string => one?.load ?? 'not watched'
  return [
    ...(busy(left) === busy(right) ? [] : [`were made while the host was ${busy(left)}, not ${busy(right)}`]),
    ...(left && right && (left.qemu !== right.qemu || left.host !== right.host)
      ? ['were made under another QEMU or on another host']
      : []),
  ]
}

/** The trials that were left out beside the chosen ones, and why, a sentence for each kind. */
export function notCounted(chosen: TrialGroup, others: readonly TrialGroup[]): string[] {
  return others.map(({ trials, codePath, program, conditions }) => {
    const why = [
      ...(codePath === chosen.codePath ? [] : [`took another road (${codePath ?? 'of no name'})`]),
      ...(program === chosen.program ? [] : ['were made by another build of the reproducer']),
      ...differences(conditions, chosen.conditions),
    ]
    const hits = trials.hits > 0 ? ` (${count(trials.hits, 'hit')})` : ''
    return `Not counted: ${count(trials.trials, 'trial')}${hits} that ${why.join(', and ')}.`
  })
}
