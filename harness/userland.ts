/** Guests with a whole Debian around the case: what they are booted from, made once for each suite and kernel. */
import { readFile } from 'node:fs/promises'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import { InvariantError, UserError } from '#domain/errors.ts'
import type { BootInputs } from './boot/qemu/boot.ts'
import type { GuestDisk } from './boot/qemu/guest-disk.ts'
import { buildDiskInitramfs, buildSessionAgent, type DiskModules } from './image/disk/initramfs.ts'
import { buildRootfs } from './image/disk/rootfs.ts'
import { writeSeed } from './image/disk/seed.ts'
import { buildOf, findImage, readImage } from './kernels/image/inspect.ts'
import { parseImageSelector } from './kernels/image/selector.ts'
import { fetchModules } from './kernels/index.ts'
import type { KernelContext, ModuleFile } from './kernels/provider/provider.ts'
import { checkPrivateKey } from './transport/ssh2/connection.ts'
import { openGuestKeys } from './transport/ssh2/keys.ts'

/** What the disk and the network of a guest take. A kernel that has none of them must have them built in. */
const MODULES = ['virtio_pci', 'virtio_blk', 'ext4', 'virtio_net']
/** ext4 asks for it by the name of an algorithm, which no list of dependencies has; kernels since 6.15 have no such module. */
const OPTIONAL = ['crc32c_generic']

/** What a disk of the user may have beside ext4. */
const FILE_SYSTEMS = ['xfs', 'btrfs']

/** Disks by cache and userland, initramfs by kernel: a run asks for each attempt. */
const disks = new Map<string, Promise<GuestDisk>>()
const inputs = new Map<string, Promise<Pick<BootInputs, 'initramfs' | 'disk'>>>()

function remembered<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const found = known.get(key) ?? make()
  known.set(key, found)
  found.catch(() => known.delete(key))
  return found
}

/**
 * The disk of a userland: `debian:SUITE`, or `image:HASH` for a disk of the user that was read before. Throws UserError for any
 * other name, and what buildRootfs and findImage throw.
 */
export function openUserland(name: string, context: KernelContext): Promise<GuestDisk> {
  const { cache } = context.workspace
  return remembered(disks, `${cache}\0${name}`, async () => {
    const [, kind, part = ''] = /^(debian|image):([a-z0-9-]+)$/.exec(name) ?? []
    if (kind === undefined) throw new UserError(`${name} is not a userland`, 'write debian:bookworm')
    const image = kind === 'image' ? await findImage(part, context.workspace) : await buildRootfs(part, context)
    return { image, isWritable: kind === 'image', boots: false, ...(await ownLogin(cache)) }
  })
}

/**
 * The name of a userland in plans and profiles: that of a disk of the user, `image:PATH`, tells its contents and not its place.
 * Reads the image. Throws what readImage throws, and UserError for a login, which is that of kwitness.
 */
export async function nameUserland(wanted: string, context: KernelContext): Promise<string> {
  const part = /^image:(.*)$/s.exec(wanted)?.[1]
  if (part === undefined) return wanted
  const selector = parseImageSelector(part)
  if (selector.user !== null || selector.key !== null) {
    throw new UserError(
      `--userland ${wanted}: kwitness starts the sshd of that disk with a key of its own`,
      'leave out user= and key=, which are for kernels: --kernels image:PATH,user=NAME,key=FILE',
    )
  }
  return `image:${buildOf(await readImage(selector, context))}`
}

/** A login as root by the keys of this cache. */
async function ownLogin(cache: string): Promise<Omit<GuestDisk, 'image' | 'isWritable' | 'boots'>> {
  const { client, host } = await openGuestKeys(cache)
  const login = { privateKey: client.private }
  return { user: 'root', login, hostKey: host.public, seed: null, agent: await buildSessionAgent(cache) }
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
    const { client, host } = await openGuestKeys(cache)
    const keys = { hostKey: host.private, authorized: client.public }
    const initramfs = await buildDiskInitramfs(cache, await modulesFor(kernel, disk, context), keys)
    return { initramfs, disk }
  })
}

/**
 * The disk of a kernel that is on it. Without a key of the user, cloud-init of the guest is given one of kwitness, and the host
 * key. Throws UserError for a key that cannot be used.
 */
export async function openBootDisk(kernel: KernelImage, { workspace }: Pick<KernelContext, 'workspace'>): Promise<GuestDisk> {
  const { disk, sha256 } = kernel
  if (disk === undefined) throw new InvariantError(`${kernel.kernel.id} is not on a disk`)
  const { path, format, user, key } = disk
  const own = await ownLogin(workspace.cache)
  const made = { ...own, image: { path, format, sha256 }, isWritable: true, boots: true }
  if (key === null) {
    const { client, host } = await openGuestKeys(workspace.cache)
    return { ...made, seed: await writeSeed(workspace.cache, { host, authorized: client.public }) }
  }
  return { ...made, user, hostKey: null, login: await readLogin(key) }
}

/** Throws UserError for a key that cannot be read, and where no agent of ssh is there. */
async function readLogin(key: string): Promise<GuestDisk['login']> {
  if (key !== 'agent') {
    const privateKey = await readFile(key, 'utf8').catch((cause: Error) => {
      throw new UserError(`cannot read the key ${key}: ${cause.message}`, 'name a private key, or key=agent', { cause })
    })
    checkPrivateKey(key, privateKey)
    return { privateKey }
  }
  const agent = process.env['SSH_AUTH_SOCK']
  if (!agent) throw new UserError('key=agent: no agent of ssh is there (SSH_AUTH_SOCK is not set)', 'name a key: key=FILE')
  return { agent }
}

/** The modules that a guest with this disk needs. A disk of the user may have another file system than those of kwitness. */
async function modulesFor(kernel: Kernel, { isWritable }: GuestDisk, context: KernelContext): Promise<DiskModules> {
  const common = await modulesNamed([...OPTIONAL, ...MODULES], kernel, context)
  const fileSystems: Record<string, ModuleFile[]> = {}
  for (const name of isWritable ? FILE_SYSTEMS : []) fileSystems[name] = await modulesNamed([name], kernel, context)
  return { common, fileSystems }
}

/**
 * Those of these modules that the kernel has, and what they need, in load order. One that it does not have may be built in
 * without any list that says so; where it is not, PID 1 of the guest says what is missing.
 */
async function modulesNamed(names: readonly string[], kernel: Kernel, context: KernelContext): Promise<ModuleFile[]> {
  const found: ModuleFile[] = []
  for (const name of names) {
    const files = await fetchModules(kernel, [name], context).catch((error: unknown) => {
      if (error instanceof UserError) return []
      throw error
    })
    for (const file of files) if (!found.some(({ path }) => path === file.path)) found.push(file)
  }
  return found
}
