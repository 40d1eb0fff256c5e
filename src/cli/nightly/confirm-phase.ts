/** The second phase: what seems to have regressed is run again before it is called a regression, in a store of its own. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { diffNights } from '#analysis/diff/nights.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { PlanOf } from '#plan/plan.ts'
import { planOf } from '#plan/stored-plan.ts'
import { createRun, executeRun } from '#run/lifecycle.ts'
import { guestInputsOf } from '#run/prepare/guest-inputs.ts'
import { isFinished, scanRuns } from '#run/results/scan.ts'
import { buildRunReport } from '#run/report/build-report.ts'
import { hasStore, openStore, openStoreForReading } from '#store/index.ts'
import { given } from '../options/values.ts'
import { tellSkipped } from '../output/problems.ts'
import { withStore } from '../output/stored-report.ts'
import { loadReports, noteProblem, type NightContext } from './context.ts'

const folderOf = ({ places, state }: NightContext): string => join(places.confirmations, state.run ?? '')

/** Run regressions again, each as often as it is configured. */
export async function confirmPhase(context: NightContext): Promise<void> {
  const { config, state } = context
  if (config.confirm === 0 || state.run === null) return
  const { tonight, before } = await loadReports(state.run, state.earlier)
  const diff = diffNights(before, tonight, { failed: new Set(state.failed), history: [] })
  const regressed = (diff?.entries ?? []).filter(({ change }) => change === 'regressed')
  if (regressed.length === 0) return
  const plan = planOf(await withStore((store) => store.readRun(state.run!)))
  if (plan.kind !== 'matrix') return
  for (const [kernel, entries] of Map.groupBy(regressed, ({ after }) => after?.kernel ?? '')) {
    const cases = new Set(entries.map((entry) => entry.case))
    const own: PlanOf<'matrix'> = {
      ...plan,
      kernels: plan.kernels.filter(({ id }) => id === kernel),
      cases: plan.cases.filter(({ id }) => cases.has(id)),
    }
    if (own.kernels.length === 0) continue
    try {
      await repeat(context, own)
    } catch (error) {
      context.kernels.signal?.throwIfAborted()
      if (!(error instanceof UserError) && !(error instanceof InfraError)) throw error
      await noteProblem(context, `the regressions of ${kernel} could not be tried again: ${error.message}`)
    }
  }
}

/** Run a plan anew until the store of confirmations has it as often as it is configured. */
async function repeat(context: NightContext, plan: PlanOf<'matrix'>): Promise<void> {
  const { kernels, progress, config, cores } = context
  const store = await openStore(folderOf(context))
  try {
    let done = 0
    for await (const scanned of scanRuns(store, tellSkipped, isFinished)) {
      if (scanned.plan.kernels[0]?.id === plan.kernels[0]?.id) done += 1
    }
    for (let count = done; count < config.confirm; count += 1) {
      context.describe(`trying ${plan.cases.length} regressions of ${plan.kernels[0]?.id} again`)
      const opened = await createRun(store, plan, await guestInputsOf(plan, kernels))
      await executeRun(opened, { kernels, onEvent: progress.onEvent, ...given({ cores }) })
    }
  } finally {
    store.close()
  }
}

/** The reports of what was tried again this night. */
export async function confirmationsOf(context: NightContext): Promise<Report[]> {
  const folder = folderOf(context)
  if (!hasStore(folder)) return []
  const store = await openStoreForReading(folder)
  try {
    const reports: Report[] = []
    for await (const { run } of scanRuns(store, tellSkipped, isFinished)) {
      reports.unshift((await buildRunReport(store, run)).report)
    }
    return reports
  } finally {
    store.close()
  }
}

/** Remove what earlier nights tried again. */
export async function forgetConfirmations({ places }: NightContext): Promise<void> {
  await rm(places.confirmations, { recursive: true, force: true })
}
