/** The sweep of races on their controls: its plan, every guest profile a case of its own, and what came of it. */
import { sweepRow, type SweepRow, type SweepTry, type SweepVariant } from '#analysis/controls/sweep.ts'
import type { Case } from '#domain/case.ts'
import type { Control } from '#domain/control.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import { answersOf } from '#verdict/attempt/retry.ts'
import { rateInterval } from '#verdict/race/statistics.ts'
import { sumTrials } from '#verdict/attempt/trials.ts'
import { planOf } from './build-report.ts'
import { cellKey, cellsOf, type Cell, type Plan } from '#plan/plan.ts'
import { judgedAttemptsOfRun } from './stored-attempts.ts'

const CPUS: readonly number[] = [2, 3, 4]
const MEMORY_MIB: readonly number[] = [512, 1024]
const SPREADS: readonly number[] = [0.5, 1, 2]
const DEFAULT_SPREAD = 1
/** Enough to tell a profile that is twice as quick from one that is not, most of the time. */
const ATTEMPTS = 10
/** The default is to hit within a second; what takes three times that long is none to choose. */
const SECONDS = 3
/** Host seconds for each attempt beside its guest's own: restore, self-checks, the look at the load of the host. */
const OVERHEAD_SECONDS = 1

interface SweepCase {
  readonly variant: Case
  readonly control: Control
  readonly args: readonly string[]
}

/** A race on its control as it is, then under every other profile of the sweep that is not too small for it. */
function variantsOf(theCase: Case, control: Control): SweepCase[] {
  const { needs } = theCase
  const all = CPUS.flatMap((cpus) => MEMORY_MIB.flatMap((memoryMiB) => SPREADS.map((spread) => ({ cpus, memoryMiB, spread }))))
  const own = { cpus: needs.cpus, memoryMiB: needs.memoryMiB, spread: DEFAULT_SPREAD }
  const idOf = (one: typeof own) => `${theCase.id}+${one.cpus}cpu-${one.memoryMiB}m-x${one.spread}`
  const fit = [own, ...all].filter(({ cpus, memoryMiB }) => cpus >= needs.cpus && memoryMiB >= needs.memoryMiB)
  return [...new Map(fit.map((one) => [idOf(one), one]))].map(([id, { cpus, memoryMiB, spread }]) => ({
    variant: { ...theCase, id, needs: { ...needs, cpus, memoryMiB } },
    control: { ...control, case: id },
    args: ['--spread', String(spread)],
  }))
}

/** Make a plan of these cases and controls into that of their sweep: the known-bad controls of races, nothing else. */
export function sweepPlan(plan: Plan, controls: readonly Control[]): Plan {
  const races = new Map(plan.cases.filter(({ witness }) => witness === 'race').map((theCase) => [theCase.id, theCase]))
  const all = controls.flatMap((control) => {
    const theCase = control.kind === 'bad' ? races.get(control.case) : undefined
    return theCase ? variantsOf(theCase, control) : []
  })
  const kernels = new Set(all.map(({ control }) => control.kernel))
  return {
    ...plan,
    kernels: plan.kernels.filter(({ id }) => kernels.has(id)),
    cases: [...new Map(all.map(({ variant }) => [variant.id, variant])).values()],
    controls: all.map(({ control }) => control),
    rates: [],
    measure: { attempts: ATTEMPTS, seconds: SECONDS },
    args: Object.fromEntries(all.map(({ variant, args }) => [variant.id, args])),
  }
}

/** Whether a plan is a sweep's. */
export function isSweep(plan: Plan): boolean {
  return plan.measure !== null
}

/** Host seconds a sweep takes at most, boots not counted. */
export function maxSweepSeconds(plan: Plan): number {
  const { attempts, seconds } = plan.measure ?? { attempts: 0, seconds: 0 }
  return cellsOf(plan).length * attempts * (seconds + OVERHEAD_SECONDS)
}

/** What a stored sweep came to, a row for each control and profile, in the order of its plan. Trouble says nothing here. */
export async function sweepRows(store: ReadRuns, run: RunRecord): Promise<SweepRow[]> {
  const plan = planOf(run)
  const tried = await judgedAttemptsOfRun(store, run.id, plan)
  const seen = new Set<string>()
  return cellsOf(plan).map((cell) => {
    const tries = answersOf(tried.get(cellKey(cell)) ?? []).flatMap(({ outcome, seconds, trials }): SweepTry[] =>
      trials ? [{ hit: outcome === 'reproduced', seconds, trials }] : [],
    )
    const variant = variantOf(plan, cell, seen)
    const sum = sumTrials(tries.map(({ trials }) => trials)) ?? { hits: 0, trials: 0 }
    return sweepRow(variant, tries, sum, rateInterval(sum))
  })
}

/** What a cell of a sweep is a variant of. `seen` holds the races met before: the first of each is the default. */
function variantOf(plan: Plan, { kernel, case: { id, needs } }: Cell, seen: Set<string>): SweepVariant {
  const control = plan.controls.find((one) => one.kernel === kernel.id && one.case === id)
  const name = id.split('+')[0] ?? id
  const race = `${kernel.id}/${name}`
  const isDefault = !seen.has(race)
  seen.add(race)
  const spread = Number(plan.args[id]?.[1])
  const { cpus, memoryMiB } = needs
  return { case: name, line: control?.line ?? '', fix: control?.fix ?? '', cpus, memoryMiB, spread, isDefault }
}
