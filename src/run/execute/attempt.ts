/** One attempt, whatever it is made for: what its guest is made of, its turn on this host, its job carried out and read. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { carryOut, type CarriedOut } from '#harness/attempt.ts'
import type { BootInputs } from '#harness/boot/qemu/boot.ts'
import { measureLoad } from '#harness/boot/qemu/host.ts'
import type { BuiltModule } from '#harness/image/external-module.ts'
import type { Program } from '#harness/image/program.ts'
import { fetchModules } from '#harness/kernels/index.ts'
import type { ModuleFile } from '#harness/kernels/provider/provider.ts'
import { withLock } from '#harness/support/lock.ts'
import { createStopwatch, type Stopwatch } from '#harness/support/stopwatch.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { Job } from '#domain/job.ts'
import type { KernelImage } from '#domain/kernel.ts'
import type { GuestProfile } from '#domain/profile.ts'
import type { Cell } from '#plan/cells.ts'
import { isRace } from '#plan/race-schedule.ts'
import type { AttemptContext } from '../context/context.ts'
import { readAttempt, type AttemptReading } from '../report/judge-attempt.ts'

/** What a job names, found. */
export interface Parts {
  readonly image: KernelImage
  readonly program: Program
  readonly externalModules: readonly BuiltModule[]
}

interface BroughtModules {
  /** In load order. */
  readonly modules: readonly ModuleFile[]
  readonly missing: readonly BuiltModule[]
}

/** What the guests of this profile are booted from. */
export function inputsOf({ host, initramfs }: AttemptContext, profile: GuestProfile, image: KernelImage): BootInputs {
  return { image, initramfs, profile, host }
}

/**
 * Wait for the turn of a race on this host. Another kwitness may be at its races: two that both go before all else
 * would be in each other's way.
 */
export function takeTurn<T>({ kernels }: AttemptContext, work: () => Promise<T>): Promise<T> {
  return withLock(join(kernels.workspace.cache, 'locks', 'race.lock'), kernels.signal, work)
}

/** A stopwatch for the attempts of a cell. */
export function attemptWatch({ kernels }: AttemptContext, cell: Cell): Stopwatch {
  const lane = isRace(cell) ? 'races' : 'slots'
  return createStopwatch(kernels.spans, { kernel: cell.kernel.id, case: cell.case.id, lane })
}

/** The kernel's modules that a job names. Where they cannot be had the guest is told why: its case may do without. */
async function bringModules({ kernels }: AttemptContext, { kernel }: Cell, { modules }: Job): Promise<BroughtModules> {
  try {
    return { modules: await fetchModules(kernel, modules, kernels), missing: [] }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { modules: [], missing: modules.map((name) => ({ name, missing: error.message.split('\n')[0] ?? '' })) }
  }
}

/** Carry out the job of a cell once; its logs come into `folder`. The load that others put on the host is measured for a race. */
export async function makeAttempt(
  context: AttemptContext,
  cell: Cell,
  job: Job,
  parts: Parts,
  folder: string,
): Promise<CarriedOut> {
  const { qemu, kernel, cpuModel, cpus } = context.host
  const race = isRace(cell)
  const time = attemptWatch(context, cell)
  const { modules, missing } = await time('modules', () => bringModules(context, cell, job))
  const externalModules = [...parts.externalModules, ...missing]
  const payload = { program: parts.program.path, args: job.args, modules, externalModules }
  return carryOut(job, {
    inputs: inputsOf(context, job.profile, parts.image),
    guests: context.guests,
    payload: await time('payload', () => context.payloads(payload)),
    scratch: folder,
    preferred: race,
    host: { qemu, kernel, cpuModel, cpus, load: race ? await time('measure load', measureLoad) : null },
    time,
    ...(context.kernels.signal ? { signal: context.kernels.signal } : {}),
  })
}

/** Judge an attempt by the logs it left in `folder`. */
export async function readFolder(folder: string, evidence: Evidence, theCase: Case): Promise<AttemptReading> {
  const [console, output] = await Promise.all([
    readFile(join(folder, evidence.console.file)),
    readFile(join(folder, evidence.output.file)),
  ])
  return readAttempt(evidence, { console, output }, theCase)
}
