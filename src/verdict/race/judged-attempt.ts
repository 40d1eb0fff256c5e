/** An attempt as the judge of its cell sees it: its judgement, and what its trials depend on beside the kernel. */
import type { Conditions } from '#domain/control.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { AttemptJudgement } from '#domain/judgement.ts'
import { conditionsOf } from './conditions.ts'

export interface JudgedAttempt extends AttemptJudgement {
  /** sha256 of the reproducer. */
  readonly program: string
  /** Null where the load of the host was not measured: no reference rate applies to such trials. */
  readonly conditions: Conditions | null
  /** Guest seconds of the case if it exited, else host seconds of the whole attempt. */
  readonly seconds: number
  /** ISO 8601. */
  readonly startedAt: string
  /** An earlier run made it: its cell is not tried again, and its time is not that of this run. */
  readonly isReused?: true
}

/** Join a judgement with its evidence. */
export function judgedAttemptsOf(evidence: Evidence, judgement: AttemptJudgement): JudgedAttempt {
  const { ending, job, startedAt } = evidence
  const seconds = ending.kind === 'exited' ? ending.exit.seconds : evidence.seconds
  return { ...judgement, program: job.program, conditions: conditionsOf(evidence), seconds, startedAt }
}
