/** Execute a plan: fetch, boot, run and record, until no cell needs another attempt. */
import { rm } from 'node:fs/promises'
import { GuestSource } from '#harness/boot/guests.ts'
import { memoryForGuests } from '#harness/boot/qemu/host.ts'
import { createPayloads } from '#harness/image/payload.ts'
import { openScratch } from '#harness/support/scratch.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import { profileName } from '#domain/profile.ts'
import { cellKey, cellsOf, isOfMachine, type Cell } from '#plan/cells.ts'
import { expectedSeconds } from '#plan/estimates.ts'
import type { Plan } from '#plan/plan.ts'
import { isRace } from '#plan/race-schedule.ts'
import type { RunContext, RunInputs } from '../context/context.ts'
import { ResourcePool } from '../context/resource-pool.ts'
import { fetchClaimSources } from '../report/fetch-claim-sources.ts'
import { createIdentify } from '../reuse/identify.ts'
import { judgedAttemptsOfRun } from '../report/stored-attempts.ts'
import { needsAttempt, reportDone, runCell } from './cell.ts'
import { buildModules, fetchImage } from './fetch.ts'
import { prepareSnapshot } from './prepare-snapshot.ts'
import { runRaces, type OpenRaces } from './races.ts'

/** Kernels fetched and unpacked at once: more would burden the mirror, and unpacking keeps a core busy. */
const MAX_FETCHES = 2

/**
 * Execute what is left of a run. Kernels are fetched, booted and saved while others run, the longest expected work first;
 * deterministic cases run side by side as cores and memory allow, races alone and last, those of controls first. Resolves
 * when no cell needs another attempt; a kernel that cannot be fetched leaves its cells without attempts. Rejects with the
 * signal's reason when it is aborted: everything recorded stays.
 */
export async function executePlan(inputs: RunInputs): Promise<void> {
  const context = await createRunContext(inputs)
  try {
    const races: OpenRaces = new Map()
    const fetches: Promise<unknown>[] = []
    const all = guestKernelsOf(inputs.plan).map((kernel) => runKernel(context, kernel, { races, fetches }))
    // Changelogs lie in the packages of the kernels. Every kernel that is fetched is in `fetches` by now.
    all.push(Promise.all(fetches).then(() => fetchClaimSources(inputs)))
    await settle(all)
    await runRaces(context, races)
  } finally {
    await rm(context.scratch, { recursive: true, force: true })
  }
}

/** The kernels that are booted: machines in use were asked when the plan was made. */
function guestKernelsOf({ kernels }: Plan): Kernel[] {
  return kernels.filter((kernel) => !isOfMachine(kernel))
}

async function createRunContext(inputs: RunInputs): Promise<RunContext> {
  const { plan, store, run, host, kernels, onEvent } = inputs
  const { cache } = kernels.workspace
  const { cores: cpus = host.cpus, memoryMiB = memoryForGuests() } = inputs
  const attempts = await judgedAttemptsOfRun(store, run, plan)
  const scratch = await openScratch(cache)
  const note = (text: string): void => onEvent({ kind: 'note', text })
  return {
    ...inputs,
    guests: new GuestSource(cache, { noSnapshot: plan.noSnapshot, noFork: plan.noFork === true, note }),
    slots: new ResourcePool({ cpus, memoryMiB }, kernels.signal),
    fetches: new ResourcePool({ fetches: MAX_FETCHES }, kernels.signal),
    kernelsUnderWay: new ResourcePool({ kernels: 2 * cpus + 2 }, kernels.signal),
    scratch,
    payloads: createPayloads(scratch),
    identify: createIdentify(plan, inputs, kernels),
    attempts,
    progress: { done: 0, total: cellsOf({ ...plan, kernels: guestKernelsOf(plan) }).length },
  }
}

/** What the kernels of a run add for all of them. */
interface Shared {
  readonly races: OpenRaces
  readonly fetches: Promise<unknown>[]
}

/** Run the cells of a kernel but for its races, which are added to those that run when all kernels are done. */
async function runKernel(context: RunContext, kernel: Kernel, { races, fetches }: Shared): Promise<void> {
  const { plan, kernelsUnderWay } = context
  const cells = cellsOf({ ...plan, kernels: [kernel] })
  const open = cells.filter((cell) => needsAttempt(context, cell))
  for (const cell of cells) if (!open.includes(cell)) reportDone(context, cell)
  if (open.length === 0) return
  const fetching = fetchImage(context, kernel)
  fetches.push(fetching)
  const image = await fetching
  if (image === null) {
    for (const cell of open) reportDone(context, cell)
    return
  }
  for (const cell of open.filter(isRace)) races.set(cellKey(cell), { cell, image })
  const seconds = open.reduce((sum, cell) => sum + expectedSeconds(plan, cell.case), 0)
  using _ = await kernelsUnderWay.acquire({ kernels: 1 }, seconds)
  if (context.mayStart?.(0) === false) return
  await runProfiles(context, image, open)
}

/** Run the deterministic cells of a kernel, profile by profile, and build what its races will load. */
async function runProfiles(context: RunContext, image: KernelImage, open: readonly Cell[]): Promise<void> {
  const byProfile = [...Map.groupBy(open, (cell) => profileName(cell.profile)).values()]
  const profiles = byProfile.map(async (cells) => {
    const deterministic = cells.filter((cell) => !isRace(cell))
    const release = await prepareSnapshot(context, image, cells, deterministic.length)
    try {
      await settle(deterministic.map((cell) => runCell(context, cell, image)))
    } finally {
      await release()
    }
  })
  await settle([buildModules(context, open.filter(isRace)), ...profiles])
}

/** Wait for all of them even when one fails, so that nothing runs on behind the error. */
async function settle(all: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(all)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}
