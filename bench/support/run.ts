/** A run of a benchmark: executed like any other, and only its report is kept. */
import { join } from 'node:path'
import type { Report } from '#domain/report/matrix.ts'
import type { Plan } from '#plan/plan.ts'
import type { ExecutionOptions, GuestInputs } from '#run/context/context.ts'
import { executeRun, reportOf, startRun } from '#run/lifecycle.ts'

/** Execute the plan in a store below `folder`, which the caller removes. Throws what `executeRun` throws. */
export async function runPlan(plan: Plan, inputs: GuestInputs, options: ExecutionOptions, folder: string): Promise<Report> {
  const run = await startRun(join(folder, 'state'), plan, inputs)
  try {
    await executeRun(run, options)
    return (await reportOf(run)).report
  } finally {
    run.store.close()
  }
}
