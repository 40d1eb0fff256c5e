/** The guest that many cells share: booted, saved and ready before their attempts begin. */
import { createStopwatch } from '#harness/support/stopwatch.ts'
import type { KernelImage } from '#domain/kernel.ts'
import { profileName, type GuestProfile } from '#domain/profile.ts'
import { inputsOf } from './attempt.ts'
import { expectedSeconds } from '#plan/estimates.ts'
import { limitsOf, type Cell } from '#plan/cells.ts'
import type { Amounts } from '../context/resource-pool.ts'
import type { RunContext } from '../context/context.ts'

/** QEMU's own, beside the memory of its guest. */
const QEMU_MIB = 64
/** So many attempts are worth a fork server, which takes a little longer than one of them that restores its own guest. */
export const MIN_FORKED = 3

/** What a guest takes of this host. */
export function resourcesOf({ memoryMiB }: GuestProfile, cpus: number): Amounts<'cpus' | 'memoryMiB'> {
  return { cpus, memoryMiB: memoryMiB + QEMU_MIB }
}

/**
 * Boot and save the guest that these cells share, and make it ready to be forked where that pays for so many attempts. A
 * boot is one core's work, however many vCPUs it has. Returns what is to be called when the cells are done.
 */
export async function prepareSnapshot(
  stage: RunContext,
  image: KernelImage,
  cells: readonly Cell[],
  attempts: number,
): Promise<() => Promise<void>> {
  const [first] = cells
  if (!first) return async () => undefined
  const {
    plan,
    guests,
    onEvent,
    kernels: { signal, spans },
  } = stage
  const { kernel, profile } = first
  const time = createStopwatch(spans, { kernel: kernel.id, case: null, lane: 'slots' })
  // All of them wait for it.
  const weight = plan.bootSeconds + Math.max(...cells.map((cell) => expectedSeconds(plan, cell.case)))
  return stage.slots.hold(resourcesOf(profile, 1), weight, async () => {
    const { bootSeconds } = limitsOf(plan, first.case)
    const inputs = inputsOf(stage, profile, image)
    const guest = await time('guest', () => guests.warm(inputs, bootSeconds, signal, time))
    if (guest?.booted) {
      const { readySeconds: seconds, road } = guest
      onEvent({ kind: 'guest-ready', kernel: kernel.id, profile: profileName(profile), seconds, road })
    }
    return attempts >= MIN_FORKED ? guests.fork(inputs, signal, time) : async () => undefined
  })
}
