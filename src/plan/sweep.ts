/** The plan of a sweep: races on their known-bad controls, every guest profile a case of its own. */
import type { Case } from '#domain/case.ts'
import type { Control } from '#domain/control.ts'
import { cellsOf } from './cells.ts'
import type { PlanCommon, PlanOf } from './plan.ts'

const CPUS: readonly number[] = [2, 3, 4]
const MEMORY_MIB: readonly number[] = [512, 1024]
const SPREADS: readonly number[] = [0.5, 1, 2]
const DEFAULT_SPREAD = 1
/** Enough to tell a profile that is twice as fast from one that is not, most of the time. */
const ATTEMPTS = 10
/** A usable profile hits within a second; one that needs more than three times as long is out. */
const SECONDS = 3
/** Host seconds for each attempt beside its guest's own: restore, self-checks, the measurement of the host's load. */
const OVERHEAD_SECONDS = 1

interface SweepCase {
  readonly variant: Case
  readonly control: Control
  readonly args: readonly string[]
}

/** A race on its control with its own profile, then under every other profile of the sweep that is not too small for it. */
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

/** The plan of a sweep of these controls: those of them that are known bad and whose case is a race of `common`. */
export function sweepPlan(common: PlanCommon, controls: readonly Control[]): PlanOf<'sweep'> {
  const races = new Map(common.cases.filter(({ oracle }) => oracle === 'statistical').map((theCase) => [theCase.id, theCase]))
  const all = controls.flatMap((control) => {
    const theCase = control.kind === 'bad' ? races.get(control.case) : undefined
    return theCase ? variantsOf(theCase, control) : []
  })
  const kernels = new Set(all.map(({ control }) => control.kernel))
  return {
    ...common,
    kind: 'sweep',
    kernels: common.kernels.filter(({ id }) => kernels.has(id)),
    cases: [...new Map(all.map(({ variant }) => [variant.id, variant])).values()],
    controls: all.map(({ control }) => control),
    rates: [],
    measure: { attempts: ATTEMPTS, seconds: SECONDS },
    args: Object.fromEntries(all.map(({ variant, args }) => [variant.id, args])),
  }
}

/** Host seconds a sweep takes at most, boots not counted. */
export function maxSweepSeconds(plan: PlanOf<'sweep'>): number {
  const { attempts, seconds } = plan.measure
  return cellsOf(plan).length * attempts * (seconds + OVERHEAD_SECONDS)
}
