/**
 * How a run spends its time on races: a race ends as soon as it is decided, and what it leaves of its time goes to
 * those that are not. Pure, so that an interrupted run goes on from its evidence as if nothing had happened.
 */
import type { RaceStanding } from '#domain/control.ts'
import { trialGroups } from './groups.ts'
import { answersOf, mayTryAgain } from '../attempt/retry.ts'
import { minHits } from './statistics.ts'
import type { JudgedAttempt } from './judged-attempt.ts'

/** What the next attempt of a race is asked for: it ends at its first hit, or at the first of these. */
export interface RaceBudget {
  /** Guest seconds. */
  readonly seconds: number
  readonly trials: number
}

/** A race cell as far as it has come. */
export interface Race {
  /** Attempts can be made: its kernel could be had. */
  readonly isOpen: boolean
  readonly attempts: readonly JudgedAttempt[]
  readonly standing: RaceStanding | null
  /** A rate would count had the host been as busy as when it was measured. */
  readonly hasRateAtOtherLoad: boolean
}

/** A first look, which names the trigger and the conditions, and all that a cell gets where nothing can be proven. */
const LOOK: RaceBudget = { seconds: 1, trials: 1_000_000 }
/** Looks at a cell whose sides never met, or for which the host was not as when the rate was measured. */
const MOST_LOOKS = 3
/** One attempt at most, so that an interrupted run loses little. */
const SLICE_SECONDS = 10
/** Less is not worth a guest. */
const LEAST_SECONDS = 0.5
/** Attempts that measure a control: that many hits, where each has one, leave the rate within a factor of two. */
const MEASURED_ATTEMPTS = 20
/** A control that was not hit in so long is not going to give a rate. */
const HOPELESS_SECONDS = 60

/** Guest seconds that attempts took. */
export function spentSeconds(attempts: readonly JudgedAttempt[]): number {
  return attempts.reduce((sum, { seconds }) => sum + seconds, 0)
}

/** Bounds for those who only want to know how soon a control is hit. */
export interface Measure {
  readonly attempts: number
  /** Guest seconds of one. */
  readonly seconds: number
}

/**
 * Attempts that a rate takes. Where the host is busy by turns the hits of either kind may be too few to lean on; then it
 * takes longer, but not for ever.
 */
function attemptsToMeasure(answers: readonly JudgedAttempt[], fewest: number): number {
  const most = Math.max(0, ...trialGroups(answers).map(({ trials }) => trials.hits))
  return Math.max(MEASURED_ATTEMPTS, fewest) * (most < fewest ? 2 : 1)
}

/** What a control's own race is asked for next, each time in a fresh guest; null when its rate is measured, or has none. */
export function nextMeasurement(
  attempts: readonly JudgedAttempt[],
  bound: number,
  measure: Measure | null = null,
): RaceBudget | null {
  const answers = answersOf(attempts)
  const isMeasured = answers.length >= (measure?.attempts ?? attemptsToMeasure(answers, minHits(bound)))
  const isHopeless = !answers.some(({ outcome }) => outcome === 'reproduced') && spentSeconds(answers) >= HOPELESS_SECONDS
  const isVoid = answers.some(({ outcome, trials }) => outcome === 'skipped' || trials === null)
  if (!mayTryAgain(attempts) || isMeasured || isHopeless || isVoid) return null
  return { ...LOOK, seconds: measure?.seconds ?? SLICE_SECONDS }
}

/** What one race is asked for next, were there all the time of the world; null when it is decided, or cannot be. */
export function nextOfRace({ isOpen, attempts, standing, hasRateAtOtherLoad }: Race): RaceBudget | null {
  const answers = answersOf(attempts)
  if (!isOpen || !mayTryAgain(attempts)) return null
  if (answers.length === 0) return LOOK
  if (standing === null || answers.some(({ outcome }) => outcome !== 'not-reproduced')) return null
  const mayLook = answers.length < MOST_LOOKS
  if (standing.reference === null) return hasRateAtOtherLoad && mayLook ? LOOK : null
  if (standing.trials.trials === 0) return mayLook ? LOOK : null
  return standing.trialsRemaining ? { seconds: SLICE_SECONDS, trials: standing.trialsRemaining } : null
}

/**
 * The race to go on with, and what to ask of it; null when none wants more or the time is over. All of them together
 * have `seconds`: the one that had least of it so far comes next, so that they take turns. A race without an answer
 * has its first look whatever time is left.
 */
export function chooseRace(races: readonly Race[], seconds: number): { readonly index: number; readonly ask: RaceBudget } | null {
  const left = seconds - races.reduce((sum, { attempts }) => sum + spentSeconds(attempts), 0)
  const open = races.flatMap((race, index) => {
    const ask = nextOfRace(race)
    const isFirst = answersOf(race.attempts).length === 0
    return ask && (isFirst || left >= LEAST_SECONDS) ? [{ index, ask, isFirst, spent: spentSeconds(race.attempts) }] : []
  })
  const [first] = open.toSorted((a, b) => Number(b.isFirst) - Number(a.isFirst) || a.spent - b.spent)
  if (!first) return null
  const { index, ask, isFirst } = first
  return { index, ask: isFirst ? ask : { ...ask, seconds: Math.min(ask.seconds, left) } }
}
