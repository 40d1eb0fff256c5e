/** The plan of a stored run, read back. */
import { InfraError } from '#domain/errors.ts'
import { schemaOf } from '#schema/basics.ts'
import { planSchema, planVersion1Schema, type PlanVersion1 } from '#schema/plan.ts'
import { readData } from '#schema/read.ts'
import { DEFAULT_PLAN, type Plan, type PlanCommon } from './plan.ts'

// The compiler compares them here, for src/schema does not know the types of this folder.
schemaOf<Plan>()(planSchema)

/** The plan of a stored run. Throws InfraError for one that is damaged, or of a schema that this kwitness does not read. */
export function planOf({ id, plan }: { readonly id: string; readonly plan: unknown }): Plan {
  const current = readData(planSchema, plan)
  if (current !== null) return current
  const old = readData(planVersion1Schema, plan)
  if (old !== null) return upgradePlan(old)
  throw new InfraError(`the plan of run ${id} is damaged, or of another kwitness`, 'name another run: kwitness runs')
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
