/** Carry out a plan: fetch, boot, run, record, until no cell wants another attempt. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { carryOut, type Means } from '../../harness/attempt.ts'
import type { BootInputs } from '../../harness/boot/boot.ts'
import { createGuestSource, type GuestSource } from '../../harness/boot/guests.ts'
import type { Host } from '../../harness/host.ts'
import type { Initramfs } from '../../harness/image/initramfs.ts'
import type { Program } from '../../harness/image/program.ts'
import { fetchKernel, fetchModules, type KernelContext } from '../../harness/kernels/index.ts'
import { openScratch } from '../../harness/scratch.ts'
import type { Evidence } from '../domain/evidence.ts'
import { InfraError, InvariantError, UserError } from '../domain/errors.ts'
import type { Job } from '../domain/job.ts'
import type { AttemptJudgement } from '../domain/judgement.ts'
import type { Kernel, KernelImage } from '../domain/kernel.ts'
import { profileName } from '../domain/profile.ts'
import type { Store } from '../store/ports.ts'
import { wantsAnotherAttempt } from '../verdict/retry.ts'
import type { Listener } from './events.ts'
import { cellsOf, limitsOf, seedOf, type Cell, type Plan } from './plan.ts'
import { readAttempt } from './read.ts'
import { createSlots, type Slots } from './slots.ts'
import { readStored } from './stored.ts'

export interface Conductor {
  readonly plan: Plan
  readonly run: string
  readonly store: Store
  readonly host: Host
  readonly initramfs: Initramfs
  /** Compiled reproducers by case id. */
  readonly programs: ReadonlyMap<string, Program>
  readonly kernels: KernelContext
  readonly listen: Listener
  /** Guests side by side, in vCPUs; the cores of the host when not given. */
  readonly cores?: number
  readonly signal?: AbortSignal
}

const FETCHES = 2

interface Stage extends Conductor {
  readonly guests: GuestSource
  readonly slots: Slots
  /** Kernels fetched and unpacked at once: a mirror is asked politely, and unpacking is a core's work. */
  readonly fetches: Slots
  readonly scratch: string
  /** Judgements so far, by cell: those of an interrupted run first. */
  readonly judged: Map<string, AttemptJudgement[]>
  readonly progress: { done: number; readonly total: number }
}

const cellKey = (cell: Cell): string => `${cell.kernel.id}/${cell.case.id}`

/**
 * Carry out what is left of a run. Kernels are fetched while others run; deterministic cases run side by side within
 * the cores, races alone and last. Resolves when no cell wants another attempt; a kernel that cannot be fetched leaves
 * its cells without attempts. Rejects with the signal's reason when it is aborted: everything recorded stays.
 */
export async function conduct(conductor: Conductor): Promise<void> {
  const { plan, kernels, listen, signal } = conductor
  const cells = cellsOf(plan)
  const stage: Stage = {
    ...conductor,
    guests: createGuestSource(kernels.workspace.cache, {
      freshBoot: plan.freshBoot,
      note: (text) => listen({ kind: 'note', text }),
    }),
    slots: createSlots(conductor.cores ?? conductor.host.cpus, signal),
    fetches: createSlots(FETCHES, signal),
    scratch: await openScratch(kernels.workspace.cache),
    judged: await judgedSoFar(conductor),
    progress: { done: 0, total: cells.length },
  }
  try {
    const races: (() => Promise<void>)[] = []
    const all = plan.kernels.map(async (kernel) => {
      const own = cells.filter((cell) => cell.kernel.id === kernel.id)
      const open = own.filter((cell) => wantsAnotherAttempt(stage.judged.get(cellKey(cell)) ?? []))
      own.filter((cell) => !open.includes(cell)).forEach((cell) => tellDone(stage, cell))
      if (open.length === 0) return
      const image = await fetchImage(stage, kernel)
      if (image === null) return open.forEach((cell) => tellDone(stage, cell))
      await warmGuests(stage, image, open)
      races.push(...open.filter(isRace).map((cell) => () => fillCell(stage, cell, image)))
      await settle(open.filter((cell) => !isRace(cell)).map((cell) => fillCell(stage, cell, image)))
    })
    await settle(all)
    for (const race of races) await race()
  } finally {
    await rm(stage.scratch, { recursive: true, force: true })
  }
}

const isRace = (cell: Cell): boolean => cell.case.witness === 'race'

/** Wait for all of them even when one fails, so that nothing runs on behind the error. */
async function settle(all: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(all)).find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

function tellDone({ progress, listen }: Stage, cell: Cell): void {
  progress.done += 1
  listen({ kind: 'cell-done', kernel: cell.kernel.id, case: cell.case.id, done: progress.done, total: progress.total })
}

async function judgedSoFar({ plan, run, store }: Conductor): Promise<Map<string, AttemptJudgement[]>> {
  const cases = new Map(plan.cases.map((theCase) => [theCase.id, theCase]))
  const judged = new Map<string, AttemptJudgement[]>()
  for (const attempt of (await store.attemptsOf(run)).attempts) {
    const { job } = attempt.evidence
    const theCase = cases.get(job.case)
    const stored = theCase ? await readStored(store, attempt, theCase) : null
    if (!stored?.judged) continue
    const key = `${job.kernel}/${job.case}`
    judged.set(key, [...(judged.get(key) ?? []), stored.judged.judgement])
  }
  return judged
}

/** The image of a kernel, or null when it cannot be had: said once, and its cells stay without attempts. */
async function fetchImage(stage: Stage, kernel: Kernel): Promise<KernelImage | null> {
  try {
    stage.signal?.throwIfAborted()
    const image = await stage.fetches.hold(1, () => fetchKernel(kernel, stage.kernels))
    await stage.store.recordKernel(kernel, image.sha256)
    return image
  } catch (error) {
    stage.signal?.throwIfAborted()
    if (!(error instanceof InfraError || error instanceof UserError)) throw error
    stage.listen({ kind: 'kernel-failed', kernel: kernel.id, message: error.message })
    return null
  }
}

function inputsOf(stage: Stage, cell: Cell, image: KernelImage): BootInputs {
  const { host, initramfs } = stage
  return { image, initramfs, profile: cell.profile, qemuVersion: host.qemu, tscKhz: host.tscKhz }
}

/** Boot and save the guest of each profile the cells ask for. A boot is one core's work, however many vCPUs it has. */
async function warmGuests(stage: Stage, image: KernelImage, cells: readonly Cell[]): Promise<void> {
  const byProfile = new Map(cells.map((cell) => [profileName(cell.profile), cell]))
  const boots = [...byProfile].map(([profile, cell]) =>
    stage.slots.hold(1, async () => {
      const { bootSeconds } = limitsOf(stage.plan, cell.case)
      const guest = await stage.guests.warm(inputsOf(stage, cell, image), bootSeconds, stage.signal)
      if (guest?.booted)
        stage.listen({ kind: 'guest-ready', kernel: cell.kernel.id, profile, seconds: guest.readySeconds, road: guest.road })
    }),
  )
  await settle(boots)
}

/** Attempts of one cell, one after the other, until it wants no more. */
async function fillCell(stage: Stage, cell: Cell, image: KernelImage): Promise<void> {
  const key = cellKey(cell)
  const { slots, judged } = stage
  for (let past = judged.get(key) ?? []; wantsAnotherAttempt(past); past = judged.get(key) ?? []) {
    const attempt = past.length + 1
    const judgement = await slots.hold(isRace(cell) ? slots.total : cell.profile.cpus, () =>
      attemptOnce(stage, cell, image, attempt),
    )
    judged.set(key, [...past, judgement])
  }
  tellDone(stage, cell)
}

function jobOf(stage: Stage, cell: Cell, program: Program, attempt: number): Job {
  return {
    kernel: cell.kernel.id,
    case: cell.case.id,
    profile: cell.profile,
    program: program.sha256,
    args: [],
    modules: cell.case.needs.modules,
    ownModules: [],
    seed: seedOf(stage.plan, cell, attempt),
    attempt,
    limits: limitsOf(stage.plan, cell.case),
  }
}

/** One attempt, durable in the store before it counts. */
async function attemptOnce(stage: Stage, cell: Cell, image: KernelImage, attempt: number): Promise<AttemptJudgement> {
  const { listen, store, run, signal } = stage
  const program = stage.programs.get(cell.case.id)
  if (!program) throw new InvariantError(`no program for ${cell.case.id}`)
  const name = { kernel: cell.kernel.id, case: cell.case.id, attempt }
  listen({ kind: 'attempt-started', ...name })
  const folder = await mkdtemp(join(stage.scratch, 'attempt-'))
  const means: Means = {
    inputs: inputsOf(stage, cell, image),
    guests: stage.guests,
    program: program.path,
    modules: await fetchModules(cell.kernel, cell.case.needs.modules, stage.kernels),
    scratch: folder,
    host: { qemu: stage.host.qemu, kernel: stage.host.kernel, cpuModel: stage.host.cpuModel, cpus: stage.host.cpus, load: null },
    ...(signal ? { signal } : {}),
  }
  const evidence = await carryOut(jobOf(stage, cell, program, attempt), means)
  await store.recordAttempt(run, evidence, folder)
  const { judgement } = readAttempt(evidence, await logsIn(folder, evidence), cell.case)
  await rm(folder, { recursive: true, force: true })
  listen({
    kind: 'attempt-done',
    ...name,
    outcome: judgement.outcome,
    seconds: evidence.seconds,
    because: judgement.reasons[0]?.text ?? judgement.ending,
  })
  return judgement
}

async function logsIn(folder: string, evidence: Evidence): Promise<{ console: Buffer; output: Buffer }> {
  const [console, output] = await Promise.all([
    readFile(join(folder, evidence.console.file)),
    readFile(join(folder, evidence.output.file)),
  ])
  return { console, output }
}
