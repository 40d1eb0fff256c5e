/** The initramfs of a guest with a disk: PID 1 that mounts it, the modules that this takes, and the keys of its sshd. */
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inRepository } from '#harness/support/repository.ts'
import { isIntact, publishSealed } from '#harness/support/sealed.ts'
import { writeInitramfsCpio } from '../cpio.ts'
import type { Initramfs } from '../initramfs.ts'
import { buildProgram, FLAGS, type Program } from '../program.ts'

/** What sshd of the guest is started with. */
export interface ServerKeys {
  /** Private, in OpenSSH's form. */
  readonly hostKey: string
  /** Public, the only one that comes in. */
  readonly authorized: string
}

interface KernelModule {
  readonly name: string
  readonly path: string
}

/** Compile the agent for a session of sshd, or find it in the cache. */
export async function buildSessionAgent(cache: string): Promise<Program> {
  const folder = inRepository('vm-images', 'guest')
  const names = (await readdir(folder)).filter((file) => file.endsWith('.c')).toSorted()
  const files = names.map((name) => join(folder, name))
  return buildProgram(cache, files, [folder], { flags: [...FLAGS, '-DAGENT_ON_STDIO'] })
}

/** Modules in load order: those that every guest loads, and those of a file system that the disk may have, by its name. */
export interface DiskModules {
  readonly common: readonly KernelModule[]
  readonly fileSystems: Readonly<Record<string, readonly KernelModule[]>>
}

/** The modules as files of a folder, named so that they sort in load order. */
async function modulesIn(folder: string, modules: readonly KernelModule[]) {
  const files = modules.map(async ({ name, path }, index) => ({
    name: `${folder}/${String(index).padStart(2, '0')}-${name}`,
    data: await readFile(path),
  }))
  return [{ name: folder, folder: true as const }, ...(await Promise.all(files))]
}

/** Build the initramfs, or find it in the cache. */
export async function buildDiskInitramfs(
  cache: string,
  { common, fileSystems }: DiskModules,
  { hostKey, authorized }: ServerKeys,
): Promise<Initramfs> {
  const sources = inRepository('vm-images', 'rootfs')
  const cFiles = (await readdir(sources)).filter((file) => file.endsWith('.c')).toSorted()
  const programs = cFiles.map((name) => join(sources, name))
  const init = await buildProgram(cache, programs, [sources])
  const own = (name: string, data: Buffer) => ({ name: `kwitness/${name}`, data })
  const archive = writeInitramfsCpio([
    ...['dev', 'kwitness', 'root'].map((name) => ({ name, folder: true as const })),
    { name: 'init', data: await readFile(init.path), executable: true },
    own('host_key', Buffer.from(hostKey)),
    own('authorized_keys', Buffer.from(`${authorized}\n`)),
    own('sshd_config', await readFile(join(sources, 'sshd_config'))),
    ...(await modulesIn('modules', common)),
    ...(await Promise.all(Object.entries(fileSystems).map(([name, files]) => modulesIn(`modules.${name}`, files)))).flat(),
  ])
  const sha256 = createHash('sha256').update(archive).digest('hex')
  const entry = join(cache, 'initramfs', sha256)
  const file = join(entry, 'initramfs.cpio')
  // It holds a private key.
  if (!(await isIntact(entry))) {
    await publishSealed(entry, (temporary) => writeFile(join(temporary, 'initramfs.cpio'), archive, { mode: 0o600 }))
  }
  return { path: file, sha256 }
}
