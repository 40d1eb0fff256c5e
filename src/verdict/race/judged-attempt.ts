/** An attempt as the judge of its cell sees it: what was made of it, and what its trials depend on beside the kernel. */
import type { Conditions } from '#domain/control.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { AttemptJudgement } from '#domain/judgement.ts'
import { conditionsOf } from './conditions.ts'

export interface JudgedAttempt extends AttemptJudgement {
  /** sha256 of the reproducer. */
  readonly program: string
  /** Null where the load of the host was not measured: such trials lean on nothing. */
  readonly conditions: Conditions | null
  /** Guest seconds of the case where it came to its end, else host seconds of the whole attempt. */
  readonly seconds: number
  /** ISO 8601. */
  readonly startedAt: string
}

/** Put a judgement and the evidence it was drawn from together. */
export function judgedAttemptsOf(evidence: Evidence, judgement: AttemptJudgement): JudgedAttempt {
  const { ending, job, startedAt } = evidence
  const seconds = ending.kind === 'exited' ? ending.exit.seconds : evidence.seconds
  return { ...judgement, program: job.program, conditions: conditionsOf(evidence), seconds, startedAt }
}
