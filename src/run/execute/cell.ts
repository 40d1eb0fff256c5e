/** The attempts of a cell, one after the other: each is durable in the store before the next begins. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutedJob } from '#harness/attempt.ts'
import { namedModule } from '#harness/image/external-module.ts'
import type { Program } from '#harness/image/program.ts'
import { startSpan } from '#harness/support/spans.ts'
import type { Evidence } from '#domain/evidence.ts'
import { InvariantError } from '#domain/errors.ts'
import type { Job } from '#domain/job.ts'
import type { KernelImage } from '#domain/kernel.ts'
import { cellKey, cellsOf, limitsOf, modulesOf, seedOf, type Cell } from '#plan/cells.ts'
import { expectedSeconds } from '#plan/estimates.ts'
import { argsOf } from '#plan/plan.ts'
import { isRace, nextMeasured, nextRace } from '#plan/race-schedule.ts'
import { answersOf, wantsAnotherAttempt } from '#verdict/attempt/retry.ts'
import { judgedAttemptsOf } from '#verdict/race/judged-attempt.ts'
import type { RaceBudget } from '#verdict/race/sequential.ts'
import type { RunContext } from '../context/context.ts'
import type { Identity } from '../context/identity.ts'
import { hasModulesOf } from '../reuse/identify.ts'
import { asAttempt, judgeFolder, makeAttempt } from './attempt.ts'
import { externalModulesOf } from './fetch.ts'
import { resourcesOf } from './prepare-snapshot.ts'

/** Lets a guest run when the host has room for it. */
export type Admission = <T>(guest: () => Promise<T>) => Promise<T>

/** Whether a cell needs another attempt, as far as its own attempts and those of controls show. */
export function needsAttempt({ plan, attempts }: RunContext, cell: Cell): boolean {
  if (!isRace(cell)) return wantsAnotherAttempt(attempts.get(cellKey(cell)) ?? [])
  // Any race may use a rate that is still to be measured.
  return (nextMeasured(plan, attempts, cellsOf(plan)) ?? nextRace(plan, attempts, [cell])) !== null
}

/** Report that a cell needs no more attempts. */
export function reportDone({ progress, onEvent }: RunContext, cell: Cell): void {
  progress.done += 1
  onEvent({ kind: 'cell-done', kernel: cell.kernel.id, case: cell.case.id, done: progress.done, total: progress.total })
}

/** Run a deterministic cell until it needs no more attempts. */
export async function runCell(context: RunContext, cell: Cell, image: KernelImage): Promise<void> {
  const { plan, slots } = context
  // Both vCPUs of a scheduled guest take turns on one CPU of the host.
  const want = resourcesOf(cell.profile, cell.case.oracle === 'schedule' ? 1 : cell.profile.cpus)
  const admit: Admission = async (guest) => {
    const seconds = expectedSeconds(plan, cell.case)
    using _ = await slots.acquire(want, seconds)
    if (context.mayStart?.(seconds) === false) throw new TimeIsOver()
    return await guest()
  }
  try {
    while (needsAttempt(context, cell)) await runAttempt(context, cell, image, { budget: null, admit })
    reportDone(context, cell)
  } catch (error) {
    if (!(error instanceof TimeIsOver)) throw error
  }
}

/** Thrown where an attempt may not start any more, caught where its cell ends. */
class TimeIsOver extends Error {}

/** How an attempt is made. */
interface AttemptOptions {
  /** Null for a deterministic case. */
  readonly budget: RaceBudget | null
  readonly admit: Admission
}

/** Run one attempt, record and judge it. Only the guest holds its share of the host: its logs are stored while others run. */
export function runAttempt(context: RunContext, cell: Cell, image: KernelImage, options: AttemptOptions): Promise<void> {
  return asAttempt(cell, () => runAndRecord(context, cell, image, options))
}

async function runAndRecord(
  context: RunContext,
  cell: Cell,
  image: KernelImage,
  { budget, admit }: AttemptOptions,
): Promise<void> {
  const { onEvent, attempts, programs } = context
  const before = attempts.get(cellKey(cell)) ?? []
  const program = programs.get(cell.case.id)
  if (!program) throw new InvariantError(`no program for ${cell.case.id}`)
  const task = { program, attempt: before.length + 1, budget }
  const found = await context.identify(cell, image)
  const { folder, forgetGuest, ...executed } = await admit(() => runGuest(context, cell, image, task))
  const evidence = withIdentity(executed.evidence, found)
  await record(context, evidence, folder)
  const { judgement } = await judgeFolder(folder, evidence, cell.case)
  await rm(folder, { recursive: true, force: true })
  // The snapshot may hold what kept the attempt from an answer.
  if (answersOf([judgement]).length === 0) await forgetGuest()
  attempts.set(cellKey(cell), [...before, judgedAttemptsOf(evidence, judgement)])
  onEvent({
    kind: 'attempt-done',
    kernel: cell.kernel.id,
    case: cell.case.id,
    attempt: task.attempt,
    outcome: judgement.outcome,
    seconds: evidence.seconds,
    summary: judgement.reasons[0]?.text ?? judgement.ending,
  })
}

/** The evidence with the identity of its attempt, where that is known. */
function withIdentity(evidence: Evidence, found: Identity | null): Evidence {
  return found && hasModulesOf(found, evidence.job.externalModules) ? { ...evidence, identity: found.identity } : evidence
}

async function record({ store, run }: RunContext, evidence: Evidence, folder: string): Promise<void> {
  using _ = startSpan('store')
  await store.recordAttempt(run, evidence, folder)
}

/** What is to be run in the guest, beside the cell. */
interface Task {
  readonly program: Program
  /** Ordinal of the attempt in its cell. */
  readonly attempt: number
  readonly budget: RaceBudget | null
}

/** Run a guest for a task. Its logs are in `folder`. */
async function runGuest(
  context: RunContext,
  cell: Cell,
  image: KernelImage,
  task: Task,
): Promise<ExecutedJob & { readonly folder: string }> {
  using _ = startSpan('attempt')
  context.onEvent({ kind: 'attempt-started', kernel: cell.kernel.id, case: cell.case.id, attempt: task.attempt })
  const externalModules = await externalModulesOf(cell.case, cell.kernel, context.kernels)
  const folder = await mkdtemp(join(context.scratch, 'attempt-'))
  const job = jobOf(context, cell, externalModules.map(namedModule), task)
  const artifacts = { image, program: task.program, externalModules }
  return { folder, ...(await makeAttempt(context, cell, job, artifacts, folder)) }
}

function jobOf(
  { plan }: RunContext,
  cell: Cell,
  externalModules: Job['externalModules'],
  { program, attempt, budget }: Task,
): Job {
  return {
    kernel: cell.kernel.id,
    case: cell.case.id,
    profile: cell.profile,
    program: program.sha256,
    args: [...raceArgs(budget), ...scheduleArgs(cell), ...argsOf(plan, cell.case.id)],
    modules: modulesOf(cell),
    externalModules,
    seed: seedOf(plan, cell, attempt),
    attempt,
    limits: limitsOf(plan, cell.case, budget?.seconds),
  }
}

/** The argument that has a program make the trials of a schedule. */
function scheduleArgs({ case: { oracle } }: Cell): string[] {
  return oracle === 'schedule' ? ['--schedule'] : []
}

/** The arguments that every race takes. */
function raceArgs(budget: RaceBudget | null): string[] {
  return budget ? ['--seconds', budget.seconds.toFixed(2), '--trials', String(budget.trials)] : []
}
