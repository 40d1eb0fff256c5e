/** What the trials of a race cell are worth, held against a rate where one may be leaned on. */
import type { ControlRate, RaceStanding } from '#domain/control.ts'
import { trialGroups, type TrialGroup } from './groups.ts'
import { matchRate, type RateMatch, type TrialContext } from './rate-match.ts'
import { notCounted, explain } from './summary.ts'
import { missProbability, rateInterval, trialsNeeded } from './statistics.ts'
import type { JudgedAttempt } from './judged-attempt.ts'

/** A cell, whatever its case witnesses by, with all that a race of it may lean on. */
export interface CellInput {
  /** Id of the case. */
  readonly case: string
  /** profileName of the cell. */
  readonly profile: string
  readonly series: string
  readonly attempts: readonly JudgedAttempt[]
  /** Every rate known; which of them counts here is found out. */
  readonly rates: readonly ControlRate[]
  /** The chance of a miss at which a clean race is believed. */
  readonly maxMissProbability: number
}

interface Weighed {
  readonly group: TrialGroup
  readonly match: RateMatch
  /** Null where there is nothing to lean on. */
  readonly missed: number | null
}

function trialContextOf(
  { case: theCase, profile, series }: CellInput,
  { program, codePath, conditions }: TrialGroup,
): TrialContext {
  return { case: theCase, profile, series, program, codePath, conditions }
}

function weigh(input: CellInput, group: TrialGroup): Weighed {
  const leaning = matchRate(input.rates, trialContextOf(input, group), input.maxMissProbability)
  const missed = leaning.rate && missProbability(rateInterval(leaning.rate).low, group.trials.trials)
  return { group, match: leaning, missed }
}

/**
 * The trials a cell stands on. Those of different programs, triggers or conditions are never added up: a hit comes
 * first, then those that leave the least chance of a miss, then those that may lean on a rate, then the most.
 */
function strongest(all: readonly Weighed[]): Weighed | undefined {
  const most = (one: Weighed): readonly number[] => [
    one.group.trials.hits,
    one.missed === null ? -2 : -one.missed,
    one.group.trials.trials,
  ]
  const name = ({ group: { codePath, program, conditions } }: Weighed): string => JSON.stringify([codePath, program, conditions])
  return all.toSorted((a, b) => {
    const [left, right] = [most(a), most(b)]
    // Where all is equal the name decides, so that the order of attempts does not show.
    return left.map((value, index) => (right[index] ?? 0) - value).find((order) => order !== 0) ?? (name(a) < name(b) ? -1 : 1)
  })[0]
}

/** What a race rests on; null while no trials were made. */
export function standingOf(input: CellInput): RaceStanding | null {
  const { attempts, maxMissProbability } = input
  const weighed = trialGroups(attempts).map((group) => weigh(input, group))
  const chosen = strongest(weighed)
  if (!chosen) return null
  const { group, match, missed } = chosen
  const { trials, codePath } = group
  const isHit = trials.hits > 0
  const reference = isHit ? null : match.rate
  const referenceInterval = reference && rateInterval(reference)
  const needed = referenceInterval && trialsNeeded(referenceInterval.low, maxMissProbability)
  const standing = {
    codePath,
    trials,
    interval: rateInterval(trials),
    reference,
    referenceInterval,
    extrapolated: !isHit && match.rate !== null && match.extrapolated,
    missProbability: isHit ? null : missed,
    maxMissProbability,
    trialsRemaining: needed === null ? null : Math.max(0, needed - trials.trials),
  }
  const others = weighed.filter((one) => one !== chosen).map((one) => one.group)
  const why = isHit || match.rate !== null ? [] : match.why
  return { ...standing, explanation: [...explain(standing, why), ...notCounted(group, others)] }
}

/** Whether a rate would count were the host as busy, or as quiet, as it was not in these attempts. */
export function hasRateAtOtherLoad(input: CellInput): boolean {
  return trialGroups(input.attempts).some((group) => {
    const { conditions } = group
    if (conditions === null) return false
    const load = conditions.load === 'quiet' ? 'loaded' : 'quiet'
    return (
      matchRate(input.rates, { ...trialContextOf(input, group), conditions: { ...conditions, load } }, input.maxMissProbability)
        .rate !== null
    )
  })
}
