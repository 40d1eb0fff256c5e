/** Guests with a whole Debian around the case: what they are booted from, made once for each suite and kernel. */
import type { Kernel } from '#domain/kernel.ts'
import { UserError } from '#domain/errors.ts'
import type { BootInputs } from './boot/qemu/boot.ts'
import type { GuestDisk } from './boot/qemu/session.ts'
import { buildDiskInitramfs, buildSessionAgent } from './image/disk/initramfs.ts'
import { buildRootfs } from './image/disk/rootfs.ts'
import { fetchModules } from './kernels/index.ts'
import type { KernelContext, ModuleFile } from './kernels/provider/provider.ts'
import { openGuestKeys } from './transport/ssh2/keys.ts'

/** What the disk and the network of a guest take. A kernel that has none of them must have them built in. */
const MODULES = ['virtio_pci', 'virtio_blk', 'ext4', 'virtio_net']
/** ext4 asks for it by the name of an algorithm, which no list of dependencies has; kernels since 6.15 have no such module. */
const OPTIONAL = ['crc32c_generic']

/** Disks by cache and userland, initramfs by kernel: a run asks for each attempt. */
const disks = new Map<string, Promise<GuestDisk>>()
const inputs = new Map<string, Promise<Pick<BootInputs, 'initramfs' | 'disk'>>>()

function remembered<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? make()
  known.set(key, found)
  found.catch(() => known.delete(key))
  return found
}

/** The disk of a userland, `debian:SUITE`. Throws UserError for any other name, and what buildRootfs throws. */
export function openUserland(name: string, context: KernelContext): Promise<GuestDisk> {
  const { cache } = context.workspace
  return remembered(disks, `${cache}\0${name}`, async () => {
    const suite = /^debian:([a-z][a-z0-9-]*)$/.exec(name)?.[1]
    if (suite === undefined) throw new UserError(`${name} is not a userland`, 'write debian:bookworm')
    return {
      image: await buildRootfs(suite, context),
      keys: await openGuestKeys(cache),
      agent: await buildSessionAgent(cache),
    }
  })
}

/** What guests of this kernel with this userland are booted from, beside its image. */
export function diskInputs(
  name: string,
  kernel: Kernel,
  context: KernelContext,
): Promise<Pick<BootInputs, 'initramfs' | 'disk'>> {
  const { cache } = context.workspace
  return remembered(inputs, `${cache}\0${name}\0${kernel.id}`, async () => {
    const disk = await openUserland(name, context)
    const keys = { hostKey: disk.keys.host.private, authorized: disk.keys.client.public }
    const initramfs = await buildDiskInitramfs(cache, await modulesFor(kernel, context), keys)
    return { initramfs, disk }
  })
}

/**
 * The modules that the kernel has, in load order. One that it does not have may be built in without any list that says so; where
 * it is not, PID 1 of the guest says what is missing.
 */
async function modulesFor(kernel: Kernel, context: KernelContext): Promise<ModuleFile[]> {
  const found: ModuleFile[] = []
  for (const name of [...OPTIONAL, ...MODULES]) {
    const files = await fetchModules(kernel, [name], context).catch((error: unknown) => {
      if (error instanceof UserError) return []
      throw error
    })
    for (const file of files) if (!found.some(({ path }) => path === file.path)) found.push(file)
  }
  return found
}
