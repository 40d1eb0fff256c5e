/** Finds the identities of attempts on this machine, before they are made: from caches alone, nothing is fetched or built. */
import { inRepository } from '#harness/support/repository.ts'
import { hashSources } from '#harness/support/hash.ts'
import { machineIdentity } from '#harness/boot/qemu/argv.ts'
import { hashQemu } from '#harness/boot/qemu/binary.ts'
import { externalModuleKeys, type ExternalModuleKey } from '#harness/image/external-module.ts'
import { modulesKey, type KernelContext } from '#harness/kernels/index.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { ExternalModule } from '#domain/job.ts'
import type { KernelImage } from '#domain/kernel.ts'
import { modulesOf } from '#plan/cells.ts'
import { identityOf } from '#plan/identity.ts'
import type { Plan } from '#plan/plan.ts'
import { hostLine } from '#verdict/race/conditions.ts'
import type { GuestInputs } from '../context/context.ts'
import type { Identify, Identity } from '../context/identity.ts'

/** What identifies the attempts of a plan that are made with these inputs. */
export function createIdentify(plan: Plan, { host, initramfs, programs }: GuestInputs, context: KernelContext): Identify {
  const { qemu, kernel, cpuModel, cpuFeatures } = host
  const binary = once(() => hashQemu(context.workspace.cache))
  const scheduleEngine = once(() => hashSources([inRepository('harness', 'schedule')]))
  const modules = new Map<string, Promise<string | null>>()
  const modulesOfImage = (image: KernelImage): Promise<string | null> => {
    const known = modules.get(image.kernel.id) ?? modulesKey(image)
    modules.set(image.kernel.id, known)
    return known
  }
  return async (cell, image) => {
    // The packages of a userland change with each making of its disk, and what they do to an answer is what is asked.
    if (plan.userland !== undefined || cell.profile.userland !== undefined) return null
    const program = programs.get(cell.case.id)
    if (!program) return null
    const externalModules = await externalModuleKeys(cell.case, cell.kernel, context).catch(unlessKnown)
    if (externalModules === null) return null
    const identity = identityOf(plan, cell, {
      image: image.sha256,
      program: program.sha256,
      initramfs: initramfs.sha256,
      modules: modulesOf(cell).length > 0 ? await modulesOfImage(image) : null,
      externalModules,
      machine: machineIdentity(cell.profile, cell.case.schedule !== undefined),
      qemu: [qemu, await binary()],
      host: hostLine(host),
      hostCpu: [kernel, cpuModel, cpuFeatures],
      scheduleEngine: await scheduleEngine(),
    })
    return identity === null ? null : { identity, externalModules }
  }
}

/** A function that does its work once. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | null = null
  return () => (known ??= work())
}

/** What cannot be found out has no identity; the attempt itself says what is wrong. */
function unlessKnown(error: unknown): null {
  if (error instanceof UserError || error instanceof InfraError) return null
  throw error
}

/** Whether the external modules of an attempt are those that its identity counts on: one may have failed to build by accident. */
export function hasModulesOf({ externalModules }: Identity, built: readonly ExternalModule[]): boolean {
  const isSame = (wanted: ExternalModuleKey, module: ExternalModule | undefined): boolean =>
    module !== undefined && ('key' in wanted ? 'sha256' in module : 'missing' in module && module.missing === wanted.missing)
  return externalModules.every((wanted, index) => isSame(wanted, built[index]))
}
