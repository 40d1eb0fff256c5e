/**
 * How a run spends its time on races: a race ends as soon as it is decided, and the others get the rest of its time. Pure, so
 * that an interrupted run resumes from its evidence with the same decisions.
 */
import type { RaceStanding } from '#domain/control.ts'
import { trialGroups } from './groups.ts'
import { answersOf, mayRetry } from '../attempt/retry.ts'
import { minHits } from './statistics.ts'
import type { JudgedAttempt } from './judged-attempt.ts'

/** Limits of the next attempt of a race: it ends at its first hit, or at the first of these. */
export interface RaceBudget {
  /** Guest seconds. */
  readonly seconds: number
  readonly trials: number
}

/** A race cell with the attempts so far. */
export interface Race {
  /** Attempts are possible: its kernel is available. */
  readonly isOpen: boolean
  readonly attempts: readonly JudgedAttempt[]
  readonly standing: RaceStanding | null
  /** A reference rate exists that differs only in the load of the host. */
  readonly hasRateAtOtherLoad: boolean
}

/** The first attempt, which names the trigger and the conditions. Without a reference rate a cell gets no more. */
const LOOK: RaceBudget = { seconds: 1, trials: 1_000_000 }
/** First attempts at a cell whose two sides never met, or under another load than the reference rate. */
const MAX_LOOKS = 3
/** The longest attempt, so that an interrupted run loses little. */
const SLICE_SECONDS = 10
/** A shorter attempt is not worth a guest. */
const MIN_SECONDS = 0.5
/** Attempts that measure a control: if each has one hit, the rate is known within a factor of two. */
const MEASURED_ATTEMPTS = 20
/** A control without a hit in this time will not give a rate. */
const HOPELESS_SECONDS = 60

/** Sum of the guest seconds of attempts. */
export function spentSeconds(attempts: readonly JudgedAttempt[]): number {
  return attempts.reduce((sum, { seconds }) => sum + seconds, 0)
}

/** Limits of a sweep, which only measures how soon a control is hit. */
export interface Measure {
  readonly attempts: number
  /** Guest seconds of one. */
  readonly seconds: number
}

/** Attempts that a rate takes; twice as many where a changing load splits the hits into groups that are too small. */
function attemptsToMeasure(answers: readonly JudgedAttempt[], neededHits: number): number {
  const maxHits = Math.max(0, ...trialGroups(answers).map(({ trials }) => trials.hits))
  return Math.max(MEASURED_ATTEMPTS, neededHits) * (maxHits < neededHits ? 2 : 1)
}

/** The next attempt of a control's own race, each in a pristine guest; null when its rate is measured, or cannot be. */
export function nextMeasurement(
  attempts: readonly JudgedAttempt[],
  maxMissProbability: number,
  measure: Measure | null = null,
): RaceBudget | null {
  const answers = answersOf(attempts)
  const isMeasured = answers.length >= (measure?.attempts ?? attemptsToMeasure(answers, minHits(maxMissProbability)))
  const isHopeless = !answers.some(({ outcome }) => outcome === 'reproduced') && spentSeconds(answers) >= HOPELESS_SECONDS
  const isUnusable = answers.some(({ outcome, trials }) => outcome === 'skipped' || trials === null)
  if (!mayRetry(attempts) || isMeasured || isHopeless || isUnusable) return null
  return { ...LOOK, seconds: measure?.seconds ?? SLICE_SECONDS }
}

/** The next attempt of one race without a time limit; null when the race is decided, or cannot be. */
export function nextOfRace({ isOpen, attempts, standing, hasRateAtOtherLoad }: Race): RaceBudget | null {
  const answers = answersOf(attempts)
  if (!isOpen || !mayRetry(attempts)) return null
  if (answers.length === 0) return LOOK
  if (standing === null || answers.some(({ outcome }) => outcome !== 'not-reproduced')) return null
  const mayRepeatLook = answers.length < MAX_LOOKS
  if (standing.reference === null) return hasRateAtOtherLoad && mayRepeatLook ? LOOK : null
  if (standing.trials.trials === 0) return mayRepeatLook ? LOOK : null
  return standing.trialsRemaining ? { seconds: SLICE_SECONDS, trials: standing.trialsRemaining } : null
}

/**
 * The race to continue, and the limits of its attempt; null when all are done or the time is up. All races share `seconds`: the
 * one with the least time so far comes next, so that they take turns. A race without an answer gets its first attempt whatever
 * time is left.
 */
export function chooseRace(races: readonly Race[], seconds: number): { readonly index: number; readonly ask: RaceBudget } | null {
  const left = seconds - races.reduce((sum, { attempts }) => sum + spentSeconds(attempts), 0)
  const open = races.flatMap((race, index) => {
    const ask = nextOfRace(race)
    const isFirst = answersOf(race.attempts).length === 0
    return ask && (isFirst || left >= MIN_SECONDS) ? [{ index, ask, isFirst, spent: spentSeconds(race.attempts) }] : []
  })
  const [first] = open.toSorted((a, b) => Number(b.isFirst) - Number(a.isFirst) || a.spent - b.spent)
  if (!first) return null
  const { index, ask, isFirst } = first
  return { index, ask: isFirst ? ask : { ...ask, seconds: Math.min(ask.seconds, left) } }
}
