/** Boots a disk image to see which kernel is on it. The guest is saved: the first attempt restores it. */
import { UserError } from '#domain/errors.ts'
import type { KernelImage } from '#domain/kernel.ts'
import type { GuestProfile } from '#domain/profile.ts'
import { assumeAccelerator } from './boot/accelerator/prove.ts'
import { bootFastest, type BootInputs } from './boot/qemu/boot.ts'
import { readHost } from './boot/qemu/host.ts'
import { PreparedSnapshots } from './boot/snapshot/prepared.ts'
import { buildInitramfs } from './image/initramfs.ts'
import { reportProgress, type KernelContext } from './kernels/provider/provider.ts'
import { inRepository } from './support/repository.ts'
import { openBootDisk } from './userland.ts'

/** The guest that most cases ask for. */
const OWN = { cpus: 1, memoryMiB: 1024, cmdline: [], userland: 'own' } as const
/** Least seconds of a boot, times what a disk takes (boot.ts). */
const LIMIT_SECONDS = 20
const LIMIT_FACTOR = 12
/** Lines of the console behind an error. */
const SHOWN_LINES = 8

/** What the kernel of an image says of itself. Throws UserError, with the end of the console, where no session works in time. */
export async function askImage(
  image: KernelImage,
  context: KernelContext,
): Promise<{ readonly release: string; readonly build: string }> {
  const { cache } = context.workspace
  const { signal } = context
  const host = await readHost(cache)
  const initramfs = await buildInitramfs(cache, inRepository('vm-images', 'guest'))
  const { accelerator, bootSeconds } = await assumeAccelerator(cache, host)
  const profile: GuestProfile = { arch: 'x86_64', accelerator, ...OWN }
  const inputs: BootInputs = { image, initramfs, profile, host, disk: await openBootDisk(image, context) }
  const limitSeconds = Math.max(LIMIT_SECONDS, bootSeconds * LIMIT_FACTOR)
  const { path } = inputs.disk?.image ?? { path: '' }
  reportProgress(context, null, `booting ${path} to see which kernel is on it: a minute or more under emulation`)
  const note = (text: string) => reportProgress(context, null, text)
  const found =
    (await new PreparedSnapshots(cache, note).prepare(inputs, { limitSeconds, signal })) ??
    (await bootFastest(cache, inputs, async () => ({ kind: 'plain' }), { payload: null, limitSeconds, signal }))
  signal?.throwIfAborted()
  if (!('ok' in found)) return found.hello
  if (found.ok) {
    await found.qemu.kill()
    return found.hello
  }
  const said = found.console
    .toString('latin1')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .slice(-SHOWN_LINES)
  const tail = said.length === 0 ? 'its console said nothing' : `the end of its console:\n  ${said.map(printable).join('\n  ')}`
  throw new UserError(
    `${path} did not boot to a session: ${found.reason}\n${tail}`,
    'kwitness logs in as root with a key that cloud-init brings; for another system: image:PATH,user=NAME,key=FILE',
  )
}

/** A line of a guest without what could move a terminal's cursor. */
const printable = (line: string): string => line.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 160)
