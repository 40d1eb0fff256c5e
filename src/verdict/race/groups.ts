/** Trials that may be added up: of one program and code path, under the same conditions. */
import type { Conditions } from '#domain/control.ts'
import type { Trials } from '#domain/control.ts'
import { sumTrials } from '../attempt/trials.ts'
import type { JudgedAttempt } from './judged-attempt.ts'

export interface TrialGroup {
  readonly program: string
  readonly codePath: string | null
  readonly conditions: Conditions | null
  readonly trials: Trials
  /** In chronological order; never empty. */
  readonly attempts: readonly JudgedAttempt[]
}

/** The trials of a cell, grouped by what they depend on, without attempts that gave no answer or reported no trials. */
export function trialGroups(attempts: readonly JudgedAttempt[]): TrialGroup[] {
  const answers = attempts.filter(
    ({ outcome, trials }) => trials !== null && (outcome === 'reproduced' || outcome === 'not-reproduced'),
  )
  const groups = Map.groupBy(answers, ({ program, codePath, conditions }) =>
    JSON.stringify([program, codePath, conditions && [conditions.host, conditions.qemu, conditions.load]]),
  )
  return [...groups.values()].flatMap((own) => {
    const [first] = own
    const trials = sumTrials(own.flatMap((attempt) => attempt.trials ?? []))
    if (!first || !trials) return []
    const { program, codePath, conditions } = first
    return [{ program, codePath, conditions, trials, attempts: own }]
  })
}
