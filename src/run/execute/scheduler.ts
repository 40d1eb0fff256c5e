/** Carry out a plan: fetch, boot, run, record, until no cell wants another attempt. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createGuestSource } from '#harness/boot/guests.ts'
import { memoryForGuests } from '#harness/boot/qemu/host.ts'
import { buildExternalModules, namedModule } from '#harness/image/external-module.ts'
import { createPayloads } from '#harness/image/payload.ts'
import type { Program } from '#harness/image/program.ts'
import { fetchKernel, type KernelContext } from '#harness/kernels/index.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { createStopwatch } from '#harness/support/stopwatch.ts'
import { InfraError, InvariantError, UserError } from '#domain/errors.ts'
import type { Job } from '#domain/job.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import { profileName } from '#domain/profile.ts'
import { answersOf, wantsAnotherAttempt } from '#verdict/attempt/retry.ts'
import type { RaceBudget } from '#verdict/race/sequential.ts'
import { judgedAttemptsOf } from '#verdict/race/judged-attempt.ts'
import { attemptWatch, makeAttempt, readFolder, takeTurn } from './attempt.ts'
import { expectedSeconds } from '#plan/estimates.ts'
import { cellKey, cellsOf, limitsOf, modulesOf, seedOf, type Cell } from '#plan/cells.ts'
import { argsOf } from '#plan/plan.ts'
import { fetchClaimSources } from '../report/claim-sources.ts'
import { createResourcePool } from '../context/resource-pool.ts'
import { isRace, nextMeasured, nextRace, raceOrder } from '#plan/race-schedule.ts'
import type { RunInputs, RunContext } from '../context/context.ts'
import { judgedAttemptsOfRun } from '../report/stored-attempts.ts'
import { resourcesOf, prepareSnapshot } from './prepare-snapshot.ts'

/** Kernels fetched and unpacked at once: a mirror is asked politely, and unpacking is a core's work. */
const FETCHES = 2

/**
 * Carry out what is left of a run. Kernels are fetched, booted and saved while others run, what is expected to take longest
 * first; deterministic cases run side by side as cores and memory allow, races alone and last, those of controls first.
 * Resolves when no cell wants another attempt; a kernel that cannot be fetched leaves its cells without attempts. Rejects
 * with the signal's reason when it is aborted: everything recorded stays.
 */
export async function executePlan(conductor: RunInputs): Promise<void> {
  const { plan, kernels, onEvent } = conductor
  const { signal } = kernels
  const cells = cellsOf(plan)
  const cpus = conductor.cores ?? conductor.host.cpus
  const scratch = await openScratch(kernels.workspace.cache)
  const stage: RunContext = {
    ...conductor,
    guests: createGuestSource(kernels.workspace.cache, {
      freshBoot: plan.freshBoot,
      noFork: plan.noFork === true,
      note: (text) => onEvent({ kind: 'note', text }),
    }),
    slots: createResourcePool({ cpus, memoryMiB: conductor.memoryMiB ?? memoryForGuests() }, signal),
    fetches: createResourcePool({ fetches: FETCHES }, signal),
    kernelsUnderWay: createResourcePool({ kernels: 2 * cpus + 2 }, signal),
    scratch,
    payloads: createPayloads(scratch),
    attempts: await judgedAttemptsOfRun(conductor.store, conductor.run, plan),
    progress: { done: 0, total: cells.length },
  }
  try {
    const races = new Map<string, OpenRace>()
    const fetched: Promise<unknown>[] = []
    const all = plan.kernels.map(async (kernel) => {
      const own = cells.filter((cell) => cell.kernel.id === kernel.id)
      const open = own.filter((cell) => wantsMore(stage, cell))
      own.filter((cell) => !open.includes(cell)).forEach((cell) => tellDone(stage, cell))
      if (open.length === 0) return
      const fetching = fetchImage(stage, kernel)
      fetched.push(fetching)
      const image = await fetching
      if (image === null) return open.forEach((cell) => tellDone(stage, cell))
      for (const cell of open.filter(isRace)) races.set(cellKey(cell), { cell, image })
      const seconds = open.reduce((sum, cell) => sum + expectedSeconds(plan, cell.case), 0)
      await stage.kernelsUnderWay.hold({ kernels: 1 }, seconds, () => fillKernel(stage, image, open))
    })
    // What it needs lies in the packages of the kernels.
    all.push(Promise.all(fetched).then(() => fetchClaimSources(conductor)))
    await settle(all)
    await runRaces(stage, races)
  } finally {
    await rm(stage.scratch, { recursive: true, force: true })
  }
}

/** Whether a cell has an attempt to make, as far as can be said before the others have had theirs. */
function wantsMore({ plan, attempts }: RunContext, cell: Cell): boolean {
  if (!isRace(cell)) return wantsAnotherAttempt(attempts.get(cellKey(cell)) ?? [])
  // A rate that is still to be measured may yet be leaned on by any of them.
  return (nextMeasured(plan, attempts, cellsOf(plan)) ?? nextRace(plan, attempts, [cell])) !== null
}

interface OpenRace {
  readonly cell: Cell
  readonly image: KernelImage
}

/** The races one by one: first those of controls, whose rates serve the others, then these until all their time is over. */
async function runRaces(stage: RunContext, races: ReadonlyMap<string, OpenRace>): Promise<void> {
  const { plan, attempts, slots } = stage
  const open = [...races.values()].map(({ cell }) => cell)
  const run = async (choose: typeof nextRace): Promise<void> => {
    for (let next = choose(plan, attempts, open); next; next = choose(plan, attempts, open)) {
      const { ask } = next
      const race = races.get(cellKey(next.cell))
      if (!race) throw new InvariantError(`${cellKey(next.cell)} is not open`)
      const alone: Room = (guest) => slots.hold(slots.total, 0, () => takeTurn(stage, guest))
      await attemptOnce(stage, race.cell, race.image, { ask, room: alone })
    }
  }
  for (const choose of raceOrder(plan)) await run(choose)
  open.forEach((cell) => tellDone(stage, cell))
}

/** Wait for all of them even when one fails, so that nothing runs on behind the error. */
async function settle(all: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(all)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

function tellDone({ progress, onEvent }: RunContext, cell: Cell): void {
  progress.done += 1
  onEvent({ kind: 'cell-done', kernel: cell.kernel.id, case: cell.case.id, done: progress.done, total: progress.total })
}

/** Fetching and building by turns. */
function inTurns({ kernels, fetches }: RunContext): KernelContext {
  return { ...kernels, inTurn: (work) => fetches.hold({ fetches: 1 }, 0, work) }
}

/** The image of a kernel, or null when it cannot be had: said once, and its cells stay without attempts. */
async function fetchImage(stage: RunContext, kernel: Kernel): Promise<KernelImage | null> {
  try {
    stage.kernels.signal?.throwIfAborted()
    const time = createStopwatch(stage.kernels.spans, { kernel: kernel.id, case: null, lane: 'fetches' })
    const image = await time('fetch', () => fetchKernel(kernel, inTurns(stage)))
    await time('store', () => stage.store.recordKernel(kernel, image.sha256))
    return image
  } catch (error) {
    stage.kernels.signal?.throwIfAborted()
    if (!(error instanceof InfraError || error instanceof UserError)) throw error
    stage.onEvent({ kind: 'kernel-failed', kernel: kernel.id, message: error.message })
    return null
  }
}

/** All that these cells of a kernel ask for, but its races: they come when the others are done. */
async function fillKernel(stage: RunContext, image: KernelImage, open: readonly Cell[]): Promise<void> {
  const byProfile = [...Map.groupBy(open, (cell) => profileName(cell.profile)).values()]
  const filled = byProfile.map(async (cells) => {
    const deterministic = cells.filter((cell) => !isRace(cell))
    const done = await prepareSnapshot(stage, image, cells, deterministic.length)
    try {
      await settle(deterministic.map((cell) => fillCell(stage, cell, image)))
    } finally {
      await done()
    }
  })
  await settle([bringModules(stage, open.filter(isRace)), ...filled])
}

/** Modules of their own that races ask for, while there is other work: an attempt finds them in the cache. */
async function bringModules(stage: RunContext, cells: readonly Cell[]): Promise<void> {
  for (const { case: theCase, kernel } of cells.filter(({ case: { needs } }) => needs.externalModules.length > 0)) {
    const time = createStopwatch(stage.kernels.spans, { kernel: kernel.id, case: theCase.id, lane: 'fetches' })
    await time('external modules', () => buildExternalModules(theCase, kernel, inTurns(stage)))
  }
}

/** Attempts of a deterministic cell, one after the other, until it wants no more. */
async function fillCell(stage: RunContext, cell: Cell, image: KernelImage): Promise<void> {
  const want = resourcesOf(cell.profile, cell.profile.cpus)
  const room: Room = (guest) => stage.slots.hold(want, expectedSeconds(stage.plan, cell.case), guest)
  while (wantsMore(stage, cell)) await attemptOnce(stage, cell, image, { ask: null, room })
  tellDone(stage, cell)
}

/** The arguments of a race: every one of them takes these. */
function raceArgs(ask: RaceBudget | null): string[] {
  return ask ? ['--seconds', ask.seconds.toFixed(2), '--trials', String(ask.trials)] : []
}

/** What is to be done, beside the cell. */
interface Task {
  readonly program: Program
  /** Ordinal of the attempt in its cell. */
  readonly attempt: number
  readonly ask: RaceBudget | null
}

function jobOf(stage: RunContext, cell: Cell, externalModules: Job['externalModules'], { program, attempt, ask }: Task): Job {
  return {
    kernel: cell.kernel.id,
    case: cell.case.id,
    profile: cell.profile,
    program: program.sha256,
    args: [...raceArgs(ask), ...argsOf(stage.plan, cell.case.id)],
    modules: modulesOf(cell),
    externalModules,
    seed: seedOf(stage.plan, cell, attempt),
    attempt,
    limits: limitsOf(stage.plan, cell.case, ask?.seconds),
  }
}

/** Run a guest for it, and leave what it said in a folder. */
async function observe(stage: RunContext, cell: Cell, image: KernelImage, task: Task) {
  const time = attemptWatch(stage, cell)
  const externalModules = await time('external modules', () => buildExternalModules(cell.case, cell.kernel, stage.kernels))
  const folder = await mkdtemp(join(stage.scratch, 'attempt-'))
  const job = jobOf(stage, cell, externalModules.map(namedModule), task)
  return { folder, ...(await makeAttempt(stage, cell, job, { image, program: task.program, externalModules }, folder)) }
}

/** Lets a guest run when the host has room for it. */
type Room = <T>(guest: () => Promise<T>) => Promise<T>

/**
 * One attempt, durable in the store before the next of its cell begins. A race is asked for something, and runs alone. The room
 * is the guest's: what it said is stored while others run.
 */
async function attemptOnce(
  stage: RunContext,
  cell: Cell,
  image: KernelImage,
  { ask, room }: { readonly ask: RaceBudget | null; readonly room: Room },
): Promise<void> {
  const { onEvent, store, run, attempts } = stage
  const time = attemptWatch(stage, cell)
  const key = cellKey(cell)
  const attempt = (attempts.get(key)?.length ?? 0) + 1
  const program = stage.programs.get(cell.case.id)
  if (!program) throw new InvariantError(`no program for ${cell.case.id}`)
  const name = { kernel: cell.kernel.id, case: cell.case.id, attempt }
  const { folder, evidence, forgetGuest } = await room(() =>
    time('attempt', async () => {
      onEvent({ kind: 'attempt-started', ...name })
      return observe(stage, cell, image, { program, attempt, ask })
    }),
  )
  await time('store', () => store.recordAttempt(run, evidence, folder))
  const { judgement } = await time('judge', () => readFolder(folder, evidence, cell.case))
  await rm(folder, { recursive: true, force: true })
  // Whatever hurt it may have been there when it was saved.
  if (answersOf([judgement]).length === 0) await forgetGuest()
  attempts.set(key, [...(attempts.get(key) ?? []), judgedAttemptsOf(evidence, judgement)])
  onEvent({
    kind: 'attempt-done',
    ...name,
    outcome: judgement.outcome,
    seconds: evidence.seconds,
    summary: judgement.reasons[0]?.text ?? judgement.ending,
  })
}
