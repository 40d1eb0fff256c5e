/** When an attempt is made again. */
import type { AttemptJudgement, Outcome } from '#domain/judgement.ts'

/** Attempts lost to our side or to the boot, in all: 1 boot in 80 fails under TCG for no fault of the kernel. */
const MOST_LOST = 3
/** Broken attempts and crashes: emulation on a loaded host has its own, and twice is no accident. */
const MOST_BROKEN = 2

const LOST: readonly Outcome[] = ['infra', 'no-boot']
const BROKEN: readonly Outcome[] = ['error', 'unrelated-crash']

/** The attempts in which the case or the kernel said something for itself. */
export function answersOf<T extends AttemptJudgement>(attempts: readonly T[]): T[] {
  return attempts.filter(({ outcome }) => !LOST.includes(outcome) && !BROKEN.includes(outcome))
}

/** Whether so much trouble may still pass. */
export function mayTryAgain(attempts: readonly AttemptJudgement[]): boolean {
  const count = (outcomes: readonly Outcome[]) => attempts.filter(({ outcome }) => outcomes.includes(outcome)).length
  return count(LOST) < MOST_LOST && count(BROKEN) < MOST_BROKEN
}

/** Whether a deterministic cell with these attempts wants one more: until there is an answer, as long as trouble may pass. */
export function wantsAnotherAttempt(attempts: readonly AttemptJudgement[]): boolean {
  return answersOf(attempts).length === 0 && mayTryAgain(attempts)
}
