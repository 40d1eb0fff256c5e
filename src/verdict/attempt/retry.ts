/** Whether the scheduler repeats an attempt. */
import type { AttemptJudgement, Outcome } from '#domain/judgement.ts'

/** Attempts that the host or the boot lost, in all: under TCG 1.25 % of boots fail without a fault of the kernel. */
const MAX_LOST = 3
/** Errors and crashes: emulation on a loaded host can cause one, a second one is the kernel's or the case's. */
const MAX_FAILED = 2

const LOST: readonly Outcome[] = ['infra', 'no-boot']
const FAILED: readonly Outcome[] = ['error', 'unrelated-crash']

/** The attempts that gave an answer. */
export function answersOf<T extends AttemptJudgement>(attempts: readonly T[]): T[] {
  return attempts.filter(({ outcome }) => !LOST.includes(outcome) && !FAILED.includes(outcome))
}

/** Whether these attempts leave room for a repetition. */
export function mayRetry(attempts: readonly AttemptJudgement[]): boolean {
  const count = (outcomes: readonly Outcome[]) => attempts.filter(({ outcome }) => outcomes.includes(outcome)).length
  return count(LOST) < MAX_LOST && count(FAILED) < MAX_FAILED
}

/** Whether a deterministic cell with these attempts needs one more: until it has an answer, within the limits above. */
export function wantsAnotherAttempt(attempts: readonly AttemptJudgement[]): boolean {
  return answersOf(attempts).length === 0 && mayRetry(attempts)
}
