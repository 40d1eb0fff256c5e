/**
 * The life of a run, for every caller: created or claimed, executed, then finished, or released for `--resume`. It does not use
 * the terminal: events go to a listener, and the signal of the KernelContext ends the run.
 */
import { UserError } from '#domain/errors.ts'
import type { KernelContext } from '#harness/kernels/index.ts'
import { REPOSITORY } from '#harness/support/repository.ts'
import { startSpan } from '#harness/support/spans.ts'
import type { Plan, PlanKind } from '#plan/plan.ts'
import { planOf } from '#plan/stored-plan.ts'
import { hasStore, openStore, openStoreForReading } from '#store/index.ts'
import type { RunHost, RunRecord, Store } from '#store/ports.ts'
import type { ExecutionOptions, GuestInputs } from './context/context.ts'
import { guestInputsOf } from './prepare/guest-inputs.ts'
import { planReuse, type ReusePlan, type ReuseRequest } from './reuse/reuse.ts'
import { buildRunReport, type BuiltReport } from './report/build-report.ts'
import { keepCompared } from './report/compared.ts'
import { scanRuns, type OnSkipped } from './results/scan.ts'

/** How a new run may reuse earlier results. */
export type Reusing = Pick<ReuseRequest, 'kernels' | 'rerun' | 'seedIsGiven'>

/** A run in the store that this process owns until it is finished or released, with all that executing it takes. */
export interface OpenRun {
  readonly store: Store
  readonly record: RunRecord
  readonly plan: Plan
  readonly inputs: GuestInputs
  /** What a new run has from earlier ones. */
  readonly reuse?: ReusePlan
}

/** Create a run of this plan. */
export async function createRun(store: Store, plan: Plan, inputs: GuestInputs): Promise<OpenRun> {
  const { kernel, qemu, cpus } = inputs.host
  const host = { kernel, qemu, cpus, accelerator: plan.accelerator }
  const record = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
  return { store, record, plan, inputs }
}

/**
 * Open the store in `folder` and create a run of this plan there. With `reusing` it begins with all results that it may have from
 * earlier runs. Throws what `openStore` throws.
 */
export async function startRun(folder: string, plan: Plan, inputs: GuestInputs, reusing?: Reusing): Promise<OpenRun> {
  const store = await openStore(folder)
  try {
    const reuse = reusing && (await planReuse({ ...reusing, plan, inputs, store }))
    const run = await createRun(store, plan, inputs)
    if (reuse === undefined) return run
    await store.reuseAttempts(run.record.id, reuse.attempts)
    return { ...run, reuse }
  } catch (error) {
    store.close()
    throw error
  }
}

/** What a run of this plan would have from earlier ones; nothing of it is stored. */
export async function findReuse(
  folder: string,
  plan: Plan,
  inputs: GuestInputs,
  reusing: Reusing,
): Promise<ReusePlan | undefined> {
  if (!hasStore(folder)) return undefined
  const store = await openStoreForReading(folder)
  try {
    return await planReuse({ ...reusing, plan, inputs, store })
  } finally {
    store.close()
  }
}

/**
 * Claim an unfinished run, and make what it is executed with. Throws UserError when the run is finished or another kwitness
 * owns it, and what `inputsOf` throws: then the run is released again.
 */
export async function claimRun(store: Store, id: string, inputsOf: (plan: Plan) => Promise<GuestInputs>): Promise<OpenRun> {
  const record = await store.claimRun(id)
  try {
    const plan = planOf(record)
    return { store, record, plan, inputs: await inputsOf(plan) }
  } catch (error) {
    await release(store, id)
    throw error
  }
}

/** Which run to resume. */
export interface ResumeRequest {
  /** Its id, or true for the newest unfinished run of a wanted kind. */
  readonly which: string | true
  /** Folder of the store. */
  readonly folder: string
  /** Kinds of plan that the caller resumes; any when not given. */
  readonly kinds?: readonly PlanKind[]
  /** Called with a line about each run that cannot be read. */
  readonly onSkipped: OnSkipped
}

/**
 * Open the store and claim an unfinished run. Throws UserError when there is none, when the named one is of another kind, and
 * when another kwitness owns it.
 */
export async function resumeRun({ which, folder, kinds, onSkipped }: ResumeRequest, context: KernelContext): Promise<OpenRun> {
  const store = await openStore(folder)
  try {
    const id = which === true ? await newestUnfinished(store, kinds, onSkipped) : which
    const { kind } = planOf(await store.readRun(id))
    if (kinds?.includes(kind) === false) {
      const what = `run ${id} is of kind ${kind}, not ${kinds.join(' or ')}`
      throw new UserError(what, `kwitness run --resume ${id} resumes a run of any kind`)
    }
    return await claimRun(store, id, (plan) => guestInputsOf(plan, context))
  } catch (error) {
    store.close()
    throw error
  }
}

/** Whether `--resume` without a name may take a run: one of this checkout, or of nobody knows who, that no night goes on with. */
const isOwn = ({ origin }: RunRecord): boolean =>
  origin === null || (origin.checkout === REPOSITORY && origin.command[0] !== 'nightly')

/**
 * The newest unfinished run that this checkout started, one that no process is at before any other. Throws UserError where there
 * is none.
 */
async function newestUnfinished(store: Store, kinds: readonly PlanKind[] | undefined, onSkipped: OnSkipped): Promise<string> {
  const wanted: RunRecord[] = []
  for await (const { run, plan } of scanRuns(store, onSkipped, ({ finishedAt }) => finishedAt === null)) {
    if (kinds?.includes(plan.kind) === false) continue
    if (isOwn(run) && run.owner === null) return run.id
    wanted.push(run)
  }
  const underWay = wanted.find(isOwn)
  if (underWay) return underWay.id
  const [other] = wanted
  if (!other) throw new UserError('there is no unfinished run to resume', 'start one without --resume')
  const place = other.origin?.checkout === REPOSITORY ? 'a night, which the next one goes on with' : other.origin?.checkout
  const what = `there is no unfinished run of this checkout to resume; ${other.id} is of ${place}`
  throw new UserError(what, `--resume ${other.id} goes on with that one here`)
}

/**
 * Execute what is left of a run, and finish it. A run that fails or is interrupted is released, so that it can be resumed:
 * then this rejects with the error or with the signal's reason, and everything recorded stays.
 */
export async function executeRun(open: OpenRun, options: ExecutionOptions): Promise<void> {
  const { store, record, plan, inputs } = open
  await orRelease(open, async () => {
    const run = { ...inputs, ...options, store, run: record.id }
    // Loaded here: a run whose results are all known boots nothing, and neither does a plan.
    if (plan.kind === 'search') await (await import('./execute/search.ts')).executeSearch({ ...run, plan })
    else await (await import('./execute/scheduler.ts')).executePlan({ ...run, plan })
    await store.finishRun(record.id, new Date().toISOString())
  })
}

/**
 * Store a run of this plan that boots nothing here: created, filled by `fill`, finished. One that cannot be filled is released.
 * `host` is what its report says of the machine that ran it.
 */
export async function storeRun(
  store: Store,
  { plan, host, fill }: { readonly plan: Plan; readonly host: RunHost; readonly fill: (run: RunRecord) => Promise<void> },
): Promise<RunRecord> {
  const record = await store.createRun({ startedAt: new Date().toISOString(), plan, host })
  await orRelease({ store, record }, async () => {
    await fill(record)
    await store.finishRun(record.id, new Date().toISOString())
  })
  return store.readRun(record.id)
}

/** Work on a run that this process owns, which is released when the work fails: then it can be resumed. */
export async function orRelease<T>({ store, record }: Pick<OpenRun, 'store' | 'record'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await release(store, record.id)
    throw error
  }
}

/** A run that cannot be released (a full disk) is claimable once this process has ended: the first error says more. */
async function release(store: Store, id: string): Promise<void> {
  await store.releaseRun(id).catch(() => {})
}

/** The report of a run as the store has it now. */
export async function reportOf({ store, record }: Pick<OpenRun, 'store' | 'record'>): Promise<BuiltReport> {
  using _ = startSpan('build report')
  const run = await store.readRun(record.id)
  const built = await buildRunReport(store, run)
  // The next run is compared with this one.
  if (built.problems.length === 0) await keepCompared(store, run, built.report)
  return built
}
