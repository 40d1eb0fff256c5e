/** A guest whose program waits for a debugger to make the trials of a race. */
import { basename, join } from 'node:path'
import { GuestSource } from '#harness/boot/guests.ts'
import { readHost } from '#harness/boot/qemu/host.ts'
import type { RunningQemu } from '#harness/boot/qemu/process.ts'
import { raisePriority } from '#harness/boot/raise-priority.ts'
import { buildExternalModules } from '#harness/image/external-module.ts'
import { buildInitramfs } from '#harness/image/initramfs.ts'
import { writePayload } from '#harness/image/payload.ts'
import { buildProgram } from '#harness/image/program.ts'
import { fetchKernel, listKernels, type KernelContext } from '#harness/kernels/index.ts'
import { parseAnnouncement } from '#harness/schedule/program.ts'
import { inRepository } from '#harness/support/repository.ts'
import { monitorCase } from '#harness/transport/hang-monitor.ts'
import { createLog } from '#harness/transport/log.ts'
import type { Case } from '#domain/case.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'

const LIMIT_SECONDS = 300
const LIMITS = { bootSeconds: LIMIT_SECONDS, caseSeconds: LIMIT_SECONDS, silenceSeconds: LIMIT_SECONDS }

export interface ScheduledGuest {
  readonly qemu: RunningQemu
  readonly image: KernelImage
  /** Address of the block that the program announced. */
  readonly block: bigint
}

/** A case that has a schedule, and the cached kernels of these selectors. Throws an Error where there is none. */
export async function scheduledCase(id: string, selectors: readonly string[], context: KernelContext) {
  const [theCase] = selectCases(await readCatalogue(CATALOGUE), [id])
  const schedule = theCase?.schedule
  if (!theCase || !schedule) throw new Error(`${id} has no schedule`)
  const listed = await Promise.all(selectors.map((selector) => listKernels(context, { selector })))
  const kernels = listed.flat().filter(({ state }) => state === 'cached')
  if (kernels.length === 0) throw new Error('none of these kernels is cached')
  return { theCase, schedule, kernels }
}

/**
 * Starts guests of this kernel with the program of the case in them. They are killed by the caller. Throws an Error with what
 * the program said where it does not come to its trials.
 */
export async function scheduledGuests(
  kernel: Kernel,
  { folder, needs }: Case,
  context: KernelContext,
  scratch: string,
): Promise<() => Promise<ScheduledGuest>> {
  const { cache } = context.workspace
  const [image, host, initramfs, program, externalModules] = await Promise.all([
    fetchKernel(kernel, context),
    readHost(cache),
    buildInitramfs(cache, inRepository('vm-images', 'guest')),
    buildProgram(cache, [join(folder, 'repro.c')], [join(CATALOGUE, 'include')]),
    buildExternalModules({ folder, needs }, kernel, context),
  ])
  const payload = join(scratch, `payload-${kernel.id}-${basename(folder)}`)
  await writePayload(payload, { program: program.path, args: ['--schedule'], modules: [], externalModules })
  const profile = { arch: 'x86_64', accelerator: 'tcg', cpus: 2, memoryMiB: needs.memoryMiB, cmdline: ['nokaslr'] } as const
  const guests = new GuestSource(cache, { noSnapshot: false, note: (text) => console.error(text) })
  return async () => {
    const inputs = { image, host, initramfs, profile }
    const guest = await guests.start(inputs, payload, { limitSeconds: LIMIT_SECONDS, debug: true })
    if (!guest.ok) throw new Error(`${kernel.id}: ${guest.reason}`)
    const { qemu, channel } = guest
    if (qemu.pid !== null) await raisePriority(qemu.pid)
    channel.run('0'.repeat(16), [LIMIT_SECONDS * 1000, BigInt(Date.now()) * 1_000_000n, '1'])
    const output = createLog()
    const announced = Promise.withResolvers<bigint>()
    const write = (chunk: Buffer): void => {
      output.write(chunk)
      const block = parseAnnouncement(output.bytes().toString('latin1'))
      if (block !== null) announced.resolve(block)
    }
    const ended = monitorCase({ qemu, channel }, LIMITS, { ...output, write })
    const early = ended.then(({ ending }) => {
      throw new Error(`${kernel.id} ended early: ${JSON.stringify(ending)}\n${output.bytes().toString('latin1')}`)
    })
    early.catch(() => undefined)
    try {
      return { qemu, image, block: await Promise.race([announced.promise, early]) }
    } catch (error) {
      await qemu.kill()
      throw error
    }
  }
}
