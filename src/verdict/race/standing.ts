/** What the trials of a race cell are worth against the reference rate, if one applies. */
import type { ControlRate, RaceStanding } from '#domain/control.ts'
import { trialGroups, type TrialGroup } from './groups.ts'
import { matchRate, type RateMatch, type TrialContext } from './rate-match.ts'
import { notCounted, explain } from './summary.ts'
import { missProbability, rateInterval, trialsNeeded } from './statistics.ts'
import type { JudgedAttempt } from './judged-attempt.ts'

/** A cell with any oracle, and the rates that may apply if it is a race. */
export interface CellInput {
  /** Id of the case. */
  readonly case: string
  /** profileName of the cell. */
  readonly profile: string
  readonly series: string
  readonly attempts: readonly JudgedAttempt[]
  /** All known rates; matchRate chooses the one that applies. */
  readonly rates: readonly ControlRate[]
  /** The miss probability up to which a race without a hit counts as carrying the fix. */
  readonly maxMissProbability: number
}

interface Weighed {
  readonly group: TrialGroup
  readonly match: RateMatch
  /** Miss probability; null without a reference rate. */
  readonly missed: number | null
}

function trialContextOf(
  { case: theCase, profile, series }: CellInput,
  { program, codePath, conditions }: TrialGroup,
): TrialContext {
  return { case: theCase, profile, series, program, codePath, conditions }
}

function weigh(input: CellInput, group: TrialGroup): Weighed {
  const match = matchRate(input.rates, trialContextOf(input, group), input.maxMissProbability)
  const missed = match.rate && missProbability(rateInterval(match.rate).low, group.trials.trials)
  return { group, match, missed }
}

/**
 * The group of trials that decides a cell, because groups are never added up. In order: a hit, the lowest miss probability, a
 * reference rate, the most trials.
 */
function strongest(all: readonly Weighed[]): Weighed | undefined {
  const rankOf = (one: Weighed): readonly number[] => [
    one.group.trials.hits,
    one.missed === null ? -2 : -one.missed,
    one.group.trials.trials,
  ]
  const name = ({ group: { codePath, program, conditions } }: Weighed): string => JSON.stringify([codePath, program, conditions])
  return all.toSorted((a, b) => {
    const [left, right] = [rankOf(a), rankOf(b)]
    // Equal groups are ordered by name, so that the order of attempts does not show.
    return left.map((value, index) => (right[index] ?? 0) - value).find((order) => order !== 0) ?? (name(a) < name(b) ? -1 : 1)
  })[0]
}

/** The standing of a race; null without trials. */
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

/** Whether a rate would apply under the other load of the host. */
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
