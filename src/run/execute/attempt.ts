/** One attempt, in a run or a replay: what its guest runs, its turn on this host, its job run and its logs judged. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { executeJob, type ExecutedJob } from '#harness/attempt.ts'
import { diskInputs, openBootDisk } from '#harness/userland.ts'
import type { BootInputs } from '#harness/boot/qemu/boot.ts'
import { measureLoad } from '#harness/boot/qemu/host.ts'
import type { BuiltModule } from '#harness/image/external-module.ts'
import type { Program } from '#harness/image/program.ts'
import { fetchModules } from '#harness/kernels/index.ts'
import { withCacheLock } from '#harness/kernels/provider/lock.ts'
import type { ModuleFile } from '#harness/kernels/provider/provider.ts'
import { startSpan, withSubject } from '#harness/support/spans.ts'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { Job } from '#domain/job.ts'
import type { KernelImage } from '#domain/kernel.ts'
import type { GuestProfile } from '#domain/profile.ts'
import type { Cell } from '#plan/cells.ts'
import { isRace } from '#plan/race-schedule.ts'
import type { AttemptContext } from '../context/context.ts'
import { judgeLogs, type AttemptReading } from '../report/judge-attempt.ts'

/** What a job names by hash or id: image, program and modules. */
export interface JobArtifacts {
  readonly image: KernelImage
  readonly program: Program
  readonly externalModules: readonly BuiltModule[]
}

interface NamedModules {
  /** In load order. */
  readonly modules: readonly ModuleFile[]
  /** Names of those that the guest has on its own disk. */
  readonly diskModules: readonly string[]
  readonly missing: readonly BuiltModule[]
}

/** What the guests of this profile are booted from. Throws what openUserland throws. */
export async function inputsOf(context: AttemptContext, profile: GuestProfile, image: KernelImage): Promise<BootInputs> {
  const { host, initramfs, kernels } = context
  if (image.disk !== undefined) return { image, initramfs, profile, host, disk: await openBootDisk(image, kernels) }
  if (profile.userland === undefined) return { image, initramfs, profile, host }
  return { image, profile, host, ...(await diskInputs(profile.userland, image.kernel, kernels)) }
}

/**
 * Run a race when no other race runs on this host. Guests of races have raised priority, so races of another kwitness at the
 * same time would distort both.
 */
export function takeTurn<T>({ kernels }: AttemptContext, { kernel, case: { id } }: Cell, work: () => Promise<T>): Promise<T> {
  const path = join(kernels.workspace.cache, 'locks', 'race.lock')
  const lock = { path, name: 'the turn of races', doing: `running the race ${id} on ${kernel.id}`, kernel: kernel.id }
  return withCacheLock(kernels, lock, work)
}

/** Run work whose spans are phases of attempts of this cell. */
export function asAttempt<T>(cell: Cell, work: () => T): T {
  const lane = isRace(cell) ? 'races' : 'slots'
  return withSubject({ kernel: cell.kernel.id, case: cell.case.id, lane }, work)
}

/** The kernel's modules that a job names. Where they are unavailable the guest gets the reason: its case may not need them. */
async function fetchNamedModules({ kernels }: AttemptContext, { kernel }: Cell, { modules }: Job): Promise<NamedModules> {
  if (kernel.provider === 'image') return { modules: [], diskModules: modules, missing: [] }
  using _ = startSpan('modules')
  try {
    return { modules: await fetchModules(kernel, modules, kernels), diskModules: [], missing: [] }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return {
      modules: [],
      diskModules: [],
      missing: modules.map((name) => ({ name, missing: error.message.split('\n')[0] ?? '' })),
    }
  }
}

/** Write the file that brings program, arguments and modules into the guest. Returns its path. */
async function writePayload(context: AttemptContext, cell: Cell, job: Job, artifacts: JobArtifacts): Promise<string> {
  const { modules, diskModules, missing } = await fetchNamedModules(context, cell, job)
  const externalModules = [...artifacts.externalModules, ...missing]
  using _ = startSpan('payload')
  return await context.payloads({ program: artifacts.program.path, args: job.args, modules, diskModules, externalModules })
}

/** The load that other processes put on this host. */
async function loadOfHost(): ReturnType<typeof measureLoad> {
  using _ = startSpan('measure load')
  return await measureLoad()
}

/** Run the job of a cell once; its logs are in `folder`. For a race the load of the host is measured before. */
export async function makeAttempt(
  context: AttemptContext,
  cell: Cell,
  job: Job,
  artifacts: JobArtifacts,
  folder: string,
): Promise<ExecutedJob> {
  const { qemu, kernel, cpuModel, cpus } = context.host
  const race = isRace(cell)
  const payload = await writePayload(context, cell, job, artifacts)
  return executeJob(job, {
    inputs: await inputsOf(context, job.profile, artifacts.image),
    guests: context.guests,
    payload,
    scratch: folder,
    raisesPriority: race || cell.case.schedule !== undefined,
    ...(cell.case.schedule ? { schedule: cell.case.schedule } : {}),
    host: { qemu, kernel, cpuModel, cpus, load: race ? await loadOfHost() : null },
    ...(context.kernels.signal ? { signal: context.kernels.signal } : {}),
  })
}

/** Judge an attempt by its logs in `folder`. */
export async function judgeFolder(folder: string, evidence: Evidence, theCase: Case): Promise<AttemptReading> {
  using _ = startSpan('judge')
  const [console, output, schedule] = await Promise.all([
    readFile(join(folder, evidence.console.file)),
    readFile(join(folder, evidence.output.file)),
    evidence.schedule ? readFile(join(folder, evidence.schedule.file)) : null,
  ])
  return judgeLogs(evidence, { console, output, schedule }, theCase)
}
