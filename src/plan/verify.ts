/** The plan of a verification: kernels without a patch and with it, in one run. */
import type { Control } from '#domain/control.ts'
import type { VerifyPlan } from '#domain/report/verify.ts'
import type { PlanCommon, PlanOf } from './plan.ts'

/** The plan that verifies a patch. */
export function verifyPlan(common: PlanCommon, verify: VerifyPlan): PlanOf<'verify'> {
  return { ...common, kind: 'verify', verify, controls: basesAsControls(verify, common) }
}

/**
 * Each base as the known-bad control of the races that the patch is for: its rate, measured in the same run, is the
 * reference for the trials on the patched kernel.
 */
function basesAsControls({ bases, targets }: VerifyPlan, { cases, kernels }: PlanCommon): Control[] {
  const races = cases.filter(({ id, oracle }) => oracle === 'statistical' && targets.includes(id))
  const planned = bases.filter(({ kernel }) => kernels.some(({ id }) => id === kernel))
  return planned.flatMap(({ kernel, label, version }) =>
    races.map(({ id }): Control => {
      const series = version.split('.').slice(0, 2).join('.')
      const summary = `${label}, without the patch`
      return { kernel, base: kernel, series, fix: 'base', kind: 'bad', case: id, blinds: [], summary }
    }),
  )
}
