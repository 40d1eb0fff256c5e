/** What the plans of tests have in common. */
import type { Kernel } from '#domain/kernel.ts'
import { DEFAULT_PLAN, type PlanCommon } from '#plan/plan.ts'
import { race, theCase } from '../helpers/judging.ts'

export const planCommon: PlanCommon = {
  schema: 'kwitness.plan/2',
  seed: '1',
  kernels: [],
  cases: [],
  accelerator: 'tcg',
  bootSeconds: 2,
  noSnapshot: false,
  ...DEFAULT_PLAN,
}

function builtKernel(id: string): Kernel {
  return { id, provider: 'tree', version: '5.10.262', series: '5.10.y', build: id, flavour: id, arch: 'x86_64' }
}

/** What a sweep is planned from: kernels of the controls of control-matrices.ts, a case and a race. */
export const sweptCommon: PlanCommon = {
  ...planCommon,
  kernels: ['k-base', 'k-no-event', 'k-no-seqcount'].map(builtKernel),
  cases: [
    { ...theCase, id: 'event' },
    { ...race, id: 'race', needs: { ...race.needs, cpus: 2 } },
  ],
}
