/** The disk of guests with a Debian userland: an ext4 image made of packages by debootstrap. Nothing secret is in it. */
import { createHash } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { openAptRoot } from '#harness/kernels/debian/archive/root.ts'
import { hashFile } from '#harness/support/hash.ts'
import { withCacheLock } from '#harness/kernels/provider/lock.ts'
import { reportProgress, type KernelContext } from '#harness/kernels/provider/provider.ts'
import { runCommand } from '#harness/support/process.ts'
import { inRepository } from '#harness/support/repository.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { makeFolder, publishFolder, whenUnreadable } from '#harness/support/workspace.ts'

/** A disk image that no guest writes. */
export interface DiskImage {
  readonly path: string
  readonly format: 'raw' | 'qcow2'
  /** Of its contents. */
  readonly sha256: string
}

const SCHEMA = 'kwitness.rootfs/1'
const DEBOOTSTRAP = 'debootstrap'
/** Folders that no guest reads. */
const LEFT_OUT = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/info', 'var/cache/apt', 'var/lib/apt/lists']
/** The root is read-only in guests: what they mount on must be there. */
const MOUNT_POINTS = ['case', 'dev', 'proc', 'run', 'sys', 'tmp', 'var/tmp']

async function readPackages(): Promise<string[]> {
  const text = await readFile(inRepository('vm-images', 'rootfs', 'packages'), 'utf8')
  return text.split('\n').filter((line) => /^[a-z0-9]/.test(line))
}

/**
 * The image of this suite, from the cache or made anew, which takes a few minutes. Throws UserError for a suite that the mirror
 * does not have and for a user who may not make it, InfraError where a tool fails.
 */
export async function buildRootfs(suite: string, context: KernelContext): Promise<DiskImage> {
  const packages = await readPackages()
  const { cache } = context.workspace
  const key = createHash('sha256')
    .update(JSON.stringify([SCHEMA, suite, packages, LEFT_OUT, MOUNT_POINTS]))
    .digest('hex')
  const entry = join(cache, 'rootfs', `${suite}-${key.slice(0, 16)}`)
  const path = join(cache, 'locks', `rootfs-${suite}.lock`)
  const lock = { path, name: `the disk of Debian ${suite}`, doing: 'making it', kernel: null }
  const found = await findImage(entry)
  if (found) return found
  return withCacheLock(context, lock, async (inside) => {
    const other = await findImage(entry)
    if (other) return other
    await rm(entry, { recursive: true, force: true })
    await makeImage(entry, suite, packages, inside)
    const made = await findImage(entry)
    if (made === null) throw new InfraError(`${entry} is damaged as soon as it is made`, 'see the kernel log of this machine')
    return made
  })
}

const imageIn = (entry: string): string => join(entry, 'root.ext4')

/** Its size and time are compared, not its contents: hashing them takes longer than a boot. */
async function findImage(entry: string): Promise<DiskImage | null> {
  const text = await readFile(join(entry, 'image'), 'utf8').catch(whenUnreadable(''))
  const [sha256 = '', bytes, mtimeMs] = text.trim().split(' ')
  const found = await stat(imageIn(entry)).catch(whenUnreadable(null))
  if (found === null || found.size !== Number(bytes) || found.mtimeMs !== Number(mtimeMs)) return null
  return { path: imageIn(entry), format: 'raw', sha256 }
}

async function makeImage(entry: string, suite: string, packages: readonly string[], context: KernelContext): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new UserError(`the disk of Debian ${suite} is not made yet, and only root can make it`, 'start once with sudo')
  }
  const { main } = await openAptRoot(context)
  const scratch = await openScratch(context.workspace.cache)
  const stage = join(scratch, 'root')
  const run = (command: string, args: readonly string[]) => runCommand(command, args, { signal: context.signal })
  try {
    reportProgress(context, null, `making the disk of Debian ${suite}, once: a few minutes`)
    const include = `--include=${packages.join(',')}`
    await run(DEBOOTSTRAP, ['--variant=minbase', include, suite, stage, main]).catch((cause: Error) => {
      throw new InfraError(`debootstrap cannot make Debian ${suite}: ${cause.message}`, 'apt-get install debootstrap', { cause })
    })
    for (const name of LEFT_OUT) await rm(join(stage, name), { recursive: true, force: true })
    for (const name of MOUNT_POINTS) await makeFolder(join(stage, name))
    // A host key of the package would be that of every guest of everybody.
    await run('find', [join(stage, 'etc', 'ssh'), '-name', 'ssh_host_*', '-delete'])
    await publishFolder(entry, async (temporary) => {
      const image = imageIn(temporary)
      const { stdout } = await run('du', ['-sm', '--apparent-size', stage])
      const size = `${Math.ceil(Number.parseInt(stdout, 10) * 1.3) + 32}M`
      // Never written, so it needs neither a journal nor reserved blocks.
      const options = ['-q', '-t', 'ext4', '-O', '^has_journal', '-m', '0', '-E', 'root_owner=0:0', '-d', stage]
      await run('mke2fs', [...options, image, size])
      const { size: bytes, mtimeMs } = await stat(image)
      await writeFile(join(temporary, 'image'), `${await hashFile(image)} ${bytes} ${mtimeMs}\n`)
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
