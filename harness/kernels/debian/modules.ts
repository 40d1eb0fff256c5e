/** Modules of Debian kernels, unpacked from their package when a case first asks for one. */
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage } from '#domain/kernel.ts'
import { exists } from '#harness/support/workspace.ts'
import { corruptMessage, findCorrupt, publishEntry, readManifest } from '../provider/cache.ts'
import { openAptRoot } from './archive/root.ts'
import { readRecord, recordOf, unpackDeb } from './fetch.ts'
import type { DebianKernel, PoolFile } from '#schema/cache/debian.ts'
import { fetchPoolFile } from './pool.ts'
import { indexModules, plainModules, releaseOf } from '../provider/modules.ts'
import { withCacheLock } from '../provider/lock.ts'
import { reportProgress, type KernelContext, type ModuleFile } from '../provider/provider.ts'

/** Modules of a fetched kernel and their dependencies, in load order. Throws UserError when the archive has none for it. */
export async function fetchDebianModules(
  image: KernelImage,
  names: readonly string[],
  context: KernelContext,
): Promise<ModuleFile[]> {
  const { id } = image.kernel
  const listed = (await readRecord(join(image.bzImage ?? '', '..'))) ?? (await recordOf(image.kernel, context))
  if (!listed)
    throw new UserError(`the mirror no longer lists ${id}, nor its modules`, 'choose another kernel: kwitness kernels list')
  const entry = modulesEntry(context, listed)
  const path = join(context.workspace.cache, 'locks', `${id}.lock`)
  const lock = { path, name: `the modules of ${id}`, doing: 'unpacking them', kernel: id }
  return withCacheLock(context, lock, async (inside) => {
    await ensureTree(entry, listed, image.kernel, inside)
    const release = await releaseOf(entry)
    if (!release) throw new InfraError(`${entry} contains no modules`, 'delete it and try again')
    return plainModules(join(entry, 'lib', 'modules', release), `${entry}.plain`, id, names, context)
  })
}

/** Identifies the packages that the modules of an image come in; null where the cache has lost which these are. */
export async function debianModulesKey({ bzImage }: KernelImage): Promise<string | null> {
  const listed = await readRecord(dirname(bzImage ?? ''))
  return listed && JSON.stringify(modulePackages(listed).map(({ sha256 }) => sha256))
}

/** The packages that hold the modules of a kernel; none where the archive lists none. */
function modulePackages({ modules, base, boot, bootHoldsModules }: DebianKernel): PoolFile[] {
  if (modules) return base ? [modules, base] : [modules]
  return bootHoldsModules ? [boot] : []
}

function modulesEntry(context: KernelContext, listed: DebianKernel): string {
  return join(context.workspace.cache, 'modules', `${listed.id}@${listed.boot.sha256.slice(0, 12)}`)
}

async function ensureTree(entry: string, listed: DebianKernel, kernel: Kernel, context: KernelContext): Promise<void> {
  const manifest = await readManifest(entry)
  if (manifest) {
    const corrupt = await findCorrupt(entry, manifest)
    if (corrupt === null) return
    reportProgress(context, listed.id, corruptMessage(corrupt))
  }
  await rm(entry, { recursive: true, force: true })
  const sources = modulePackages(listed)
  if (sources.length === 0) {
    throw new UserError(`the archive does not list modules of ${listed.id}`, 'choose another series: kwitness kernels list')
  }
  const root = await openAptRoot(context)
  const debs: string[] = []
  for (const source of sources) debs.push(await fetchPoolFile(root, source, listed.id, context))
  reportProgress(context, listed.id, 'unpacking its modules')
  await publishEntry(entry, kernel, listed.suites.join(' '), async (folder) => {
    for (const deb of debs) await unpackDeb(deb, folder, ['./lib/modules/*', './usr/lib/modules/*'], context)
    // Packages since usr-merge use /usr/lib/modules; depmod reads /lib/modules.
    if (await exists(join(folder, 'usr'))) {
      await rename(join(folder, 'usr', 'lib'), join(folder, 'lib'))
      await rm(join(folder, 'usr'), { recursive: true })
    }
    const release = await releaseOf(folder)
    if (!release)
      throw new InfraError(`the packages of ${listed.id} contain no modules`, 'kwitness does not know this layout: report it')
    await indexModules(folder, release)
  })
}
