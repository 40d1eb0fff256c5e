/** A run as every command makes one: opened in the store, carried out under signals, concluded, or left to go on with. */
import type { KernelContext } from '#harness/kernels/index.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { UserError } from '#domain/errors.ts'
import type { Report } from '#domain/report/matrix.ts'
import { buildRunReport, planOf } from '#run/report/build-report.ts'
import type { Plan } from '#plan/plan.ts'
import { makeReady, type Ready } from '#run/prepare/prepare.ts'
import { carryOut } from '#run/execute/search.ts'
import { readySuite } from '#run/prepare/suite.ts'
import { openStore } from '#store/index.ts'
import type { RunRecord, Store } from '#store/ports.ts'
import { INTERRUPTED } from '../output/exit-code.ts'
import { createProgress, type Progress } from '../output/progress.ts'
import { keepTimings, type TimingsKeeper } from '../output/timings.ts'
import { readCount } from '../options/run.ts'
import type { SessionOptions } from '../options/session.ts'

/** A run that is open in the store and can be carried out. */
export interface Opened {
  readonly store: Store
  readonly record: RunRecord
  readonly plan: Plan
  readonly ready: Ready
}

/** What a command makes of a run. */
export interface Session {
  /** The command that goes on with the run by `--resume ID`. */
  readonly command: string
  /** Null when there is nothing to carry out: only a plan was asked for. */
  readonly open: (context: KernelContext, progress: Progress) => Promise<Opened | null>
  /** Tell what came of it and give the exit code. */
  readonly conclude: (opened: Opened, timings: TimingsKeeper) => Promise<number>
}

/** Begin a run of this plan. */
export async function openPlanned(plan: Plan, ready: Ready, context: KernelContext): Promise<Opened> {
  const store = await openStore(context.workspace.state)
  const { kernel, qemu, cpus } = ready.host
  const host = { kernel, qemu, cpus, accelerator: plan.accelerator }
  return { store, plan, ready, record: await store.createRun({ startedAt: new Date().toISOString(), plan, host }) }
}

/**
 * Go on with a run, the newest unfinished one that is `wanted` when none is named. Throws UserError when there is none,
 * when the one named is of another kind, and when another kwitness is at it.
 */
export async function openAgain(
  which: string | true,
  context: KernelContext,
  wanted: (plan: Plan) => boolean = () => true,
): Promise<Opened> {
  const store = await openStore(context.workspace.state)
  const open = (await store.listRuns()).filter(({ finishedAt }) => finishedAt === null)
  const id = which === true ? open.findLast((run) => wanted(planOf(run)))?.id : which
  if (id === undefined) throw new UserError('there is no unfinished run to resume', 'start one without --resume')
  if (!wanted(planOf(await store.readRun(id)))) {
    throw new UserError(`run ${id} is of another kind`, `kwitness run --resume ${id} goes on with any`)
  }
  const record = await store.claimRun(id)
  const plan = planOf(record)
  const { workspace, signal, spans } = context
  const ready = await (plan.suite === null ? makeReady(workspace.cache, plan.cases, signal, spans) : readySuite(plan, context))
  return { store, record, plan, ready }
}

/** The report of a run, with what the store could not give back told on stderr. */
export async function reportOf({ store, record }: Opened): Promise<Report> {
  const { report, problems } = await buildRunReport(store, await store.readRun(record.id))
  for (const problem of problems) console.error(`kwitness: ${problem.attempt}: ${problem.message}`)
  return report
}

/** Open, carry out, conclude. Gives the exit code. */
export async function session(options: SessionOptions, { command, open, conclude }: Session): Promise<number> {
  const cores = readCount('--cores', options.cores)
  const buildJobs = readCount('--jobs', options.jobs)
  const timings = keepTimings(options.timings)
  const progress = createProgress(process.stderr, () => performance.now())
  let opened: Opened | null = null
  try {
    const finished = await underSignals(async (signal) => {
      const context: KernelContext = {
        workspace: findWorkspace(),
        signal,
        progress: (event) => progress.listen({ kind: 'kernel', progress: event }),
        ...(timings.spans === undefined ? {} : { spans: timings.spans }),
        ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
        ...(buildJobs === undefined ? {} : { buildJobs }),
      }
      opened = await open(context, progress)
      if (opened === null) return
      const { store, record, plan, ready } = opened
      const { history } = options
      const bounds = { signal, ...(cores === undefined ? {} : { cores }), ...(history === undefined ? {} : { history }) }
      await carryOut({ ...ready, ...bounds, plan, store, run: record.id, kernels: context, listen: progress.listen })
      await store.finishRun(record.id, new Date().toISOString())
    })
    progress.end()
    if (opened === null) return finished ? 0 : INTERRUPTED
    return finished ? await conclude(opened, timings) : await leave(opened, command)
  } finally {
    progress.end()
    ;(opened as Opened | null)?.store.close()
  }
}

/** Work under signals: the first ends it cleanly within two seconds, the second at once. False when it was ended so. */
export async function underSignals(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, stop)
  try {
    await work(controller.signal)
    // A signal that came too late to end anything ended nothing.
    return true
  } catch (error) {
    if (!controller.signal.aborted) throw error
    return false
  } finally {
    for (const name of names) process.off(name, stop)
  }
}

/** Leave an interrupted run for somebody to go on with. */
async function leave({ store, record }: Opened, command: string): Promise<number> {
  await store.releaseRun(record.id)
  console.error(`kwitness: stopped; what is done is kept. ${command} --resume ${record.id} goes on`)
  return INTERRUPTED
}
