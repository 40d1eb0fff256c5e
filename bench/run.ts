/** A run of a benchmark: carried out like any other, and nothing of it kept but its report. */
import { join } from 'node:path'
import type { KernelContext } from '#harness/kernels/index.ts'
import type { Report } from '#domain/report/matrix.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { executePlan } from '#run/execute/scheduler.ts'
import type { RunInputs } from '#run/context/context.ts'
import type { Listener } from '#run/context/events.ts'
import type { Plan } from '#plan/plan.ts'
import type { Ready } from '#run/prepare/prepare.ts'
import { openStore } from '#store/index.ts'

/** Carry out the plan in a store below `folder`, which is the caller's to remove. Throws what conducting throws. */
export async function runPlan(
  plan: Plan,
  ready: Ready & Pick<RunInputs, 'cores'>,
  context: KernelContext,
  folder: string,
  listen: Listener = () => {},
): Promise<Report> {
  const store = await openStore(join(folder, 'state'))
  try {
    const { kernel, qemu, cpus } = ready.host
    const host = { kernel, qemu, cpus, accelerator: plan.accelerator }
    const { id } = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
    await executePlan({ ...ready, plan, store, run: id, kernels: context, listen })
    await store.finishRun(id, new Date().toISOString())
    return (await buildRunReport(store, await store.readRun(id))).report
  } finally {
    store.close()
  }
}
