/** `kwitness run`: plan, boot, run, judge, report. */
import type { KernelContext } from '../../harness/kernels/index.ts'
import { findWorkspace } from '../../harness/workspace.ts'
import { UserError } from '../domain/errors.ts'
import { assembleReport, planOf } from '../run/assemble.ts'
import { conduct } from '../run/conduct.ts'
import { cellsOf, expectedSeconds, type Plan } from '../run/plan.ts'
import { makeReady, prepare, type Ready } from '../run/prepare.ts'
import { openStore } from '../store/index.ts'
import type { RunRecord, Store } from '../store/ports.ts'
import { exitCodeOf, INTERRUPTED, readFailOn } from './exit.ts'
import { leaveReport, print, renderReport } from './output.ts'
import { createProgress, type Progress } from './progress.ts'
import { readCount, readWishes, type RunOptions } from './wishes.ts'

/** The plan in a few lines, for a person. */
export function describePlan(plan: Plan): string {
  const cells = cellsOf(plan)
  const races = plan.cases.filter(({ witness }) => witness === 'race').length
  const seconds = cells.reduce((sum, cell) => sum + expectedSeconds(cell.case), 0)
  const series = Map.groupBy(plan.kernels, (kernel) => kernel.series)
  const size = `${plan.kernels.length} kernels x ${plan.cases.length} cases = ${cells.length} cells`
  return [
    `plan: ${size}, ${plan.accelerator}, seed ${plan.seed}`,
    ...[...series].map(([name, own]) => `  ${name} ${own.map(({ version }) => version).join(' ')}`),
    `  cases: ${plan.cases.map(({ id }) => id).join(' ')}`,
    `  guest time: about ${Math.ceil(seconds)} s, boots not counted${races > 0 ? `; races (${races}) run alone` : ''}`,
  ].join('\n')
}

/** A run that is open in the store and can be carried out. */
interface Opened {
  readonly store: Store
  readonly record: RunRecord
  readonly plan: Plan
  readonly ready: Ready
}

async function openAgain(which: string | true, context: KernelContext): Promise<Opened> {
  const store = await openStore(context.workspace.state)
  const unfinished = (await store.listRuns()).findLast(({ finishedAt }) => finishedAt === null)
  const id = which === true ? unfinished?.id : which
  if (id === undefined) throw new UserError('there is no unfinished run to resume', 'kwitness run starts one')
  const record = await store.claimRun(id)
  const plan = planOf(record)
  return { store, record, plan, ready: await makeReady(context.workspace.cache, plan.cases, context.signal) }
}

/** A new run, or null when only its plan was asked for. */
async function openNew(options: RunOptions, context: KernelContext, progress: Progress): Promise<Opened | null> {
  const { plan, ready } = await prepare(readWishes(options), context, progress.listen)
  progress.end()
  process.stderr.write(`kwitness: ${describePlan(plan)}\n`)
  if (options.dryRun) {
    if (options.json) await print(JSON.stringify(plan, null, 2))
    return null
  }
  const store = await openStore(context.workspace.state)
  const { kernel, qemu, cpus } = ready.host
  const host = { kernel, qemu, cpus, accelerator: plan.accelerator }
  return { store, plan, ready, record: await store.createRun({ startedAt: new Date().toISOString(), plan, host }) }
}

/** Work under signals: the first ends it cleanly within two seconds, the second at once. False when it was ended so. */
async function underSignals(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, stop)
  try {
    await work(controller.signal)
    return !controller.signal.aborted
  } catch (error) {
    if (!controller.signal.aborted) throw error
    return false
  } finally {
    for (const name of names) process.off(name, stop)
  }
}

/** Run and give the exit code. */
export async function run(options: RunOptions): Promise<number> {
  const failOn = readFailOn(options.failOn)
  const cores = readCount('--cores', options.cores)
  const buildJobs = readCount('--jobs', options.jobs)
  const progress = createProgress(process.stderr, () => performance.now())
  let opened: Opened | null = null
  try {
    const finished = await underSignals(async (signal) => {
      const context: KernelContext = {
        workspace: findWorkspace(),
        signal,
        progress: (event) => progress.listen({ kind: 'kernel', progress: event }),
        ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
        ...(buildJobs === undefined ? {} : { buildJobs }),
      }
      opened =
        options.resume === undefined ? await openNew(options, context, progress) : await openAgain(options.resume, context)
      if (opened === null) return
      const { store, record, plan, ready } = opened
      const bounds = { signal, ...(cores === undefined ? {} : { cores }) }
      await conduct({ ...ready, ...bounds, plan, store, run: record.id, kernels: context, listen: progress.listen })
      await store.finishRun(record.id, new Date().toISOString())
    })
    progress.end()
    if (opened === null) return finished ? 0 : INTERRUPTED
    return finished ? await conclude(opened, options, failOn) : await leave(opened)
  } finally {
    progress.end()
    ;(opened as Opened | null)?.store.close()
  }
}

/** Leave an interrupted run for somebody to go on with. */
async function leave({ store, record }: Opened): Promise<number> {
  await store.releaseRun(record.id)
  console.error(`kwitness: stopped; what is done is kept. kwitness run --resume ${record.id} goes on`)
  return INTERRUPTED
}

async function conclude({ store, record }: Opened, options: RunOptions, failOn: readonly string[]): Promise<number> {
  const { report, problems } = await assembleReport(store, await store.readRun(record.id))
  for (const problem of problems) console.error(`kwitness: ${problem.attempt}: ${problem.message}`)
  await print(await renderReport(report, options.json ? 'json' : 'terminal'))
  console.error(`kwitness: report: ${await leaveReport(report, options.out)}`)
  return exitCodeOf(report, failOn)
}
