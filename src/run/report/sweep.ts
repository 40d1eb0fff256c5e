/** What a stored sweep came to: a row for each control and guest profile. */
import { sweepRow, type SweepRow, type SweepTry, type SweepVariant } from '#analysis/controls/sweep.ts'
import { InvariantError } from '#domain/errors.ts'
import { cellKey, cellsOf, type Cell } from '#plan/cells.ts'
import type { PlanOf } from '#plan/plan.ts'
import { planOf } from '#plan/stored-plan.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import { answersOf } from '#verdict/attempt/retry.ts'
import { sumTrials } from '#verdict/attempt/trials.ts'
import { rateInterval } from '#verdict/race/statistics.ts'
import { judgedAttemptsOfRun } from './stored-attempts.ts'

/**
 * The rows of a stored sweep, in the order of its plan. Attempts without an answer do not count. Throws InvariantError for a
 * run of another kind.
 */
export async function sweepRows(store: ReadRuns, run: RunRecord): Promise<SweepRow[]> {
  const plan = planOf(run)
  if (plan.kind !== 'sweep') throw new InvariantError(`run ${run.id} is not a sweep but of kind ${plan.kind}`)
  const attempts = await judgedAttemptsOfRun(store, run.id, plan)
  const seen = new Set<string>()
  return cellsOf(plan).map((cell) => {
    const tries = answersOf(attempts.get(cellKey(cell)) ?? []).flatMap(({ outcome, seconds, trials }): SweepTry[] =>
      trials ? [{ hit: outcome === 'reproduced', seconds, trials }] : [],
    )
    const variant = variantOf(plan, cell, seen)
    const sum = sumTrials(tries.map(({ trials }) => trials)) ?? { hits: 0, trials: 0 }
    return sweepRow(variant, tries, sum, rateInterval(sum))
  })
}

/** The profile that a cell of a sweep tries. `seen` holds the races met before: the first cell of each has the default one. */
function variantOf(plan: PlanOf<'sweep'>, { kernel, case: { id, needs } }: Cell, seen: Set<string>): SweepVariant {
  const control = plan.controls.find((one) => one.kernel === kernel.id && one.case === id)
  const name = id.split('+')[0] ?? id
  const race = `${kernel.id}/${name}`
  const isDefault = !seen.has(race)
  seen.add(race)
  const spread = Number(plan.args[id]?.[1])
  const { cpus, memoryMiB } = needs
  return { case: name, series: control?.series ?? '', fix: control?.fix ?? '', cpus, memoryMiB, spread, isDefault }
}
