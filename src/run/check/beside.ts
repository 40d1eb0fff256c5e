/** Machines in use beside kernels that are booted: both are rows of one matrix. */
import type { KernelContext } from '#harness/kernels/index.ts'
import type { PlanOf } from '#plan/plan.ts'
import { openStore } from '#store/index.ts'
import { orRelease, type OpenRun } from '../lifecycle.ts'
import type { OnSkipped } from '../results/scan.ts'
import { hostsOf, kernelsOf, recordAnswers, type Answers } from './answers.ts'

/** A plan with the machines that were asked. Throws UserError where two of them are one. */
export async function withMachines(
  plan: PlanOf<'matrix'>,
  answers: Answers,
  { workspace }: Pick<KernelContext, 'workspace'>,
  onSkipped: OnSkipped,
): Promise<PlanOf<'matrix'>> {
  const kernels = kernelsOf(answers)
  const store = await openStore(workspace.state)
  try {
    return { ...plan, kernels: [...plan.kernels, ...kernels], hosts: await hostsOf(store, answers, onSkipped) }
  } finally {
    store.close()
  }
}

/** Store what the machines answered with a new run. One that cannot be stored leaves the run to be resumed without them. */
export function recordMachines(run: OpenRun, answers: Answers, cache: string): Promise<void> {
  return orRelease(run, () => recordAnswers(run.store, run.record.id, run.plan, answers, cache))
}
