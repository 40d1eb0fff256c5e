/** From Debian packages to a cache entry: boot image, config, and the ELF kernel extracted from the image. */
import { mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import { readJsonCache } from '#harness/support/json-cache.ts'
import { runScript } from '#harness/support/git.ts'
import { startSpan } from '#harness/support/spans.ts'
import { entryPath, imageOf, listEntries, publishEntry } from '../provider/cache.ts'
import { storeChangelog } from './changelog-cache.ts'
import type { AptRoot } from './archive/root.ts'
import { FILES_OF } from './archive/unpack.ts'
import { debianKernelSchema, type DebianKernel, type PoolFile } from '#schema/cache/debian.ts'
import { readDebianIndex } from './index.ts'
import { fetchPoolFile } from './pool.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'
import { extractVmlinux, readBootHeader } from '../provider/vmlinux.ts'

/** File in the entry with the kernel's index record, so that its modules can be fetched later without an index. */
const RECORD = 'debian.json'

/** The index record that a cache entry stores; null when it is damaged. */
export function readRecord(entry: string): Promise<DebianKernel | null> {
  return readJsonCache(join(entry, RECORD), debianKernelSchema)
}

/** The index record of a kernel: the one stored with its image, else the one that the mirror lists now; null for none. */
export async function recordOf({ id }: Pick<Kernel, 'id'>, context: KernelContext): Promise<DebianKernel | null> {
  for (const { entry } of await listEntries(context.workspace, id)) {
    const record = await readRecord(entry)
    if (record) return record
  }
  const { index } = await readDebianIndex(context)
  return index.kernels.find((one) => one.id === id) ?? null
}

/** Fetch the packages of a kernel and publish its entry. Throws InfraError when they are unavailable or damaged. */
export async function buildDebianImage(root: AptRoot, listed: DebianKernel, context: KernelContext): Promise<KernelImage> {
  const fetch = async (file: PoolFile): Promise<string> => {
    using _ = startSpan('download')
    return await fetchPoolFile(root, file, listed.id, context)
  }
  const boot = await fetch(listed.boot)
  const base = listed.base ? await fetch(listed.base) : null
  const { id, provider, version, series, build, flavour, arch } = listed
  const kernel: Kernel = { id, provider, version, series, build, flavour, arch }
  const entry = entryPath(context.workspace, id, listed.boot.sha256)
  reportProgress(context, id, 'unpacking')
  const unpack = async (folder: string): Promise<void> => {
    using _ = startSpan('unpack')
    for (const deb of base ? [boot, base] : [boot]) await moveBootFiles(deb, folder, context)
    const image = await readFile(join(folder, 'bzImage')).catch((cause) => {
      throw new InfraError(`the package of ${id} contains no vmlinuz`, 'kwitness does not know this layout: report it', { cause })
    })
    if (!readBootHeader(image))
      throw new InfraError(`the vmlinuz of ${id} is not a bzImage`, 'choose another one: kwitness kernels list')
    const failed = await extractVmlinux(image, join(folder, 'vmlinux'), context.signal)
    if (failed?.isDamaged) throw new InfraError(`the vmlinuz of ${id} is damaged: ${failed.why}`, 'choose another kernel')
    await writeFile(join(folder, RECORD), `${JSON.stringify(listed, null, 2)}\n`)
    if (failed) reportProgress(context, id, `cannot extract a vmlinux from its image: ${failed.why}`)
  }
  using _ = startSpan('hash')
  return imageOf(entry, await publishEntry(entry, kernel, listed.suites.join(' '), unpack))
}

/** Where a package has its changelog, unless that is a link into another package. */
export const CHANGELOG = ['./usr/share/doc/*/changelog*.gz']

/** Where a package has vmlinuz and config: in /boot, and since 7.2 in the modules folder of the release. */
const BOOT_FILES = ['./boot/vmlinuz-*', './boot/config-*', './usr/lib/modules/*/vmlinuz', './usr/lib/modules/*/config']

/**
 * Move vmlinuz and config of a package into `folder`, under their names in a cache entry. Also stores the changelog:
 * unpacking the package a second time for it would take seconds.
 */
async function moveBootFiles(deb: string, folder: string, context: KernelContext): Promise<void> {
  const temporary = await mkdtemp(join(folder, 'boot-'))
  await unpackDeb(deb, temporary, [...BOOT_FILES, ...CHANGELOG], context)
  for (const item of await readdir(temporary, { recursive: true, withFileTypes: true })) {
    if (!item.isFile()) continue
    const path = join(item.parentPath, item.name)
    if (item.name.startsWith('changelog')) await storeChangelog(await readFile(path), context.workspace)
    else await rename(path, join(folder, item.name.startsWith('vmlinuz') ? 'bzImage' : 'config'))
  }
  await rm(temporary, { recursive: true })
}

const UNPACK = `${FILES_OF}deb=$1 folder=$2; shift 2
files_of "$deb" | tar -x -C "$folder" --no-same-owner --wildcards "$@"`

/** Unpack the members of a .deb that match `patterns` (patterns of tar, starting with `./`) into `folder`; there may be none. */
export async function unpackDeb(deb: string, folder: string, patterns: readonly string[], context: KernelContext): Promise<void> {
  const { exitCode, stderr } = await runScript(UNPACK, [deb, folder, ...patterns], { signal: context.signal, anyExit: true })
  const errors = stderr.split('\n').filter((line) => line && !/Not found in archive|due to previous errors/.test(line))
  if (exitCode === 0 || errors.length === 0) return
  const hint = stderr.includes('No space left') ? 'free some space or set KWITNESS_CACHE' : 'delete it and try again'
  throw new InfraError(`cannot unpack ${deb}: ${errors[0]}`, hint)
}
