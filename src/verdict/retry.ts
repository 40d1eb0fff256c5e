/** When an attempt is made again. */
import type { AttemptJudgement, Outcome } from '../domain/judgement.ts'

/** Attempts lost to our side or to the boot, in all: 1 boot in 80 fails under TCG for no fault of the kernel. */
const MOST_LOST = 3
/** Broken attempts and crashes: emulation on a loaded host has its own, and twice is no accident. */
const MOST_BROKEN = 2

/**
 * Whether a cell with these attempts wants one more: when none was made yet, and after trouble that may pass.
 * Anything the case or the kernel said for itself settles it.
 */
export function wantsAnotherAttempt(attempts: readonly AttemptJudgement[]): boolean {
  const count = (...outcomes: Outcome[]) => attempts.filter(({ outcome }) => outcomes.includes(outcome)).length
  const lost = count('infra', 'no-boot')
  const broken = count('broken', 'unrelated-crash')
  const settled = lost + broken < attempts.length
  return !settled && lost < MOST_LOST && broken < MOST_BROKEN
}
