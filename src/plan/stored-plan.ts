/** The plan of a stored run, read back. */
import type { Control } from '#domain/control.ts'
import { InvariantError } from '#domain/errors.ts'
import { DEFAULT_PLAN, type Plan, type PlanCommon, type PlanOf } from './plan.ts'

/** A plan of builds before 0.1.0: one shape for every kind. Fields that its build did not know are absent. */
interface PlanVersion1 extends Omit<PlanCommon, 'schema' | 'maxMissProbability' | 'estimates'> {
  readonly schema: 'kwitness.plan/1'
  readonly bound?: number
  readonly expected?: PlanCommon['estimates']
  readonly controls?: readonly Control[]
  readonly measure?: PlanOf<'sweep'>['measure'] | null
  readonly args?: PlanOf<'sweep'>['args']
  readonly search?: boolean
  readonly suite?: PlanOf<'suite'>['suite'] | null
  readonly verify?: PlanOf<'verify'>['verify'] | null
}

/** The plan of a stored run. Throws InvariantError for a schema that this kwitness does not read. */
export function planOf({ id, plan }: { readonly id: string; readonly plan: unknown }): Plan {
  const stored = plan as Plan | PlanVersion1 | null
  switch (stored?.schema) {
    case 'kwitness.plan/2':
      return stored
    case 'kwitness.plan/1':
      return upgradePlan(stored)
    default:
      throw new InvariantError(`run ${id} has a plan of a schema that this kwitness does not read`)
  }
}

/** The plan that today's code would have stored. Its kind follows from the fields that are set. */
function upgradePlan(old: PlanVersion1): Plan {
  const { bound, expected, controls = [], measure = null, args = {}, search, suite = null, verify = null, ...rest } = old
  const common: PlanCommon = {
    ...DEFAULT_PLAN,
    ...rest,
    schema: 'kwitness.plan/2',
    maxMissProbability: bound ?? DEFAULT_PLAN.maxMissProbability,
    estimates: expected ?? DEFAULT_PLAN.estimates,
  }
  if (suite !== null) return { ...common, kind: 'suite', suite, args }
  if (verify !== null) return { ...common, kind: 'verify', verify, controls }
  if (measure !== null) return { ...common, kind: 'sweep', controls, measure, args }
  if (search === true) return { ...common, kind: 'search' }
  return controls.length > 0 ? { ...common, kind: 'controls', controls } : { ...common, kind: 'matrix' }
}
