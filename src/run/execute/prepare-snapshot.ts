/** The snapshot that many cells share: made before their attempts begin. */
import { startSpan, withSubject } from '#harness/support/spans.ts'
import type { BootInputs } from '#harness/boot/qemu/boot.ts'
import type { KernelImage } from '#domain/kernel.ts'
import { profileName, type GuestProfile } from '#domain/profile.ts'
import { inputsOf } from './attempt.ts'
import { expectedSeconds } from '#plan/estimates.ts'
import { limitsOf, type Cell } from '#plan/cells.ts'
import type { Amounts } from '../context/resource-pool.ts'
import type { RunContext } from '../context/context.ts'

/** Memory of QEMU itself, beside that of its guest. */
const QEMU_MIB = 64
/** A fork server takes a little longer to start than one attempt that restores its own guest, so it pays from here on. */
export const MIN_FORKED = 3

/** The vCPUs and MiB of memory that a guest occupies on this host. */
export function resourcesOf({ memoryMiB }: GuestProfile, cpus: number): Amounts<'cpus' | 'memoryMiB'> {
  return { cpus, memoryMiB: memoryMiB + QEMU_MIB }
}

/**
 * Boot and save the guest that these cells share, and start a fork server of it where that pays for so many attempts. A boot
 * keeps one core busy, however many vCPUs it has. Returns what ends the server when the cells are done.
 */
export async function prepareSnapshot(
  context: RunContext,
  image: KernelImage,
  cells: readonly Cell[],
  attempts: number,
): Promise<() => Promise<void>> {
  const [first] = cells
  if (!first) return async () => undefined
  const { plan, slots, guests, kernels } = context
  const inputs = await inputsOf(context, first.profile, image)
  const { bootSeconds } = limitsOf(plan, first.case)
  // All of the cells wait for it.
  const weight = plan.bootSeconds + Math.max(...cells.map((cell) => expectedSeconds(plan, cell.case)))
  return withSubject({ kernel: first.kernel.id, case: null, lane: 'slots' }, async () => {
    using _ = await slots.acquire(resourcesOf(first.profile, 1), weight)
    await makeSnapshot(context, inputs, bootSeconds)
    return attempts >= MIN_FORKED
      ? await guests.startForking(inputs, { limitSeconds: bootSeconds, signal: kernels.signal })
      : async () => undefined
  })
}

async function makeSnapshot({ guests, kernels, onEvent }: RunContext, inputs: BootInputs, limitSeconds: number): Promise<void> {
  using _ = startSpan('guest')
  const guest = await guests.prepareSnapshot(inputs, { limitSeconds, signal: kernels.signal })
  if (!guest?.booted) return
  const { readySeconds: seconds, bootMethod } = guest
  onEvent({ kind: 'guest-ready', kernel: inputs.image.kernel.id, profile: profileName(inputs.profile), seconds, bootMethod })
}
