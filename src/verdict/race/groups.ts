/** Trials that may be added up: made by one program, on one road to the race, under the same conditions. */
import type { Conditions } from '#domain/control.ts'
import type { Trials } from '#domain/control.ts'
import { sumTrials } from '../attempt/trials.ts'
import type { JudgedAttempt } from './judged-attempt.ts'

export interface TrialGroup {
  readonly program: string
  readonly codePath: string | null
  readonly conditions: Conditions | null
  readonly trials: Trials
  /** In the order they were made; never empty. */
  readonly attempts: readonly JudgedAttempt[]
}

/** The trials of a cell by what they depend on; attempts that are no answer, or said no trials, are left out. */
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
