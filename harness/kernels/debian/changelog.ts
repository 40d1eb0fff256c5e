/** Changelogs of Debian's kernels: from the cache when one covers the build, else from the package that contains it. */
import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { compareVersions, seriesOf } from '#domain/version.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { cachedChangelogs, storeChangelog, pruneChangelogs, type CachedChangelog } from './changelog-cache.ts'
import { openAptRoot } from './archive/root.ts'
import { CHANGELOG, recordOf, unpackDeb } from './fetch.ts'
import type { DebianKernel, PoolFile } from '#schema/cache/debian.ts'
import { fetchPoolFile } from './pool.ts'
import { compareDebianVersions } from './archive/version.ts'
import { reportProgress, type FoundChangelog, type KernelContext, type Unavailable } from '../provider/provider.ts'

/** Since this version the changelog lies in linux-base, and the image package only has a link to it. */
const CHANGELOG_IN_BASE_SINCE = '6.18'

/**
 * By kernel id: a changelog that covers the kernel; when none is available, one that covers part of its series; else the
 * reason. Fetches few packages, because the newest changelog of a branch covers all older builds.
 */
export async function debianChangelogs(
  kernels: readonly Kernel[],
  context: KernelContext,
): Promise<ReadonlyMap<string, FoundChangelog | Unavailable>> {
  const found = new Map<string, FoundChangelog | Unavailable>()
  let cached = await cachedChangelogs(context.workspace)
  for (const kernel of kernels.toSorted((a, b) => compareDebianVersions(b.build, a.build))) {
    const known = cached.find(({ builds }) => builds.includes(kernel.build))
    const own = known ?? (await fetchChangelog(kernel, context))
    if (own !== known && !('unavailable' in own)) cached = await cachedChangelogs(context.workspace)
    found.set(kernel.id, 'unavailable' in own ? (substituteFor(kernel, own, cached) ?? own) : { ...own, instead: null })
  }
  await pruneChangelogs(context.workspace)
  return found
}

/** The cached changelog that lists most releases of the kernel's series up to its own; null when none lists any. */
function substituteFor(
  { series, version }: Kernel,
  { unavailable }: Unavailable,
  cached: readonly CachedChangelog[],
): FoundChangelog | null {
  const counted = cached.map((one) => {
    const own = one.releases.filter((release) => seriesOf(release) === series && compareVersions(release, version) <= 0)
    return { one, count: own.length }
  })
  const best = counted.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count)[0]
  return best ? { ...best.one, instead: unavailable } : null
}

/** Fetch the changelog of this build into the cache; or say why it is not available. */
async function fetchChangelog(kernel: Kernel, context: KernelContext): Promise<CachedChangelog | Unavailable> {
  try {
    const record = await recordOf(kernel, context)
    if (!record) return { unavailable: `the mirror does not list ${kernel.id} any more` }
    const file = packageOf(record)
    if ('unavailable' in file) return file
    const gzip = await extractChangelog(file, kernel.id, context)
    const stored = gzip ? await storeChangelog(gzip, context.workspace) : null
    if (stored?.builds.includes(kernel.build)) return stored
    return { unavailable: `the package of ${kernel.id} contains no changelog that covers it` }
  } catch (error) {
    context.signal?.throwIfAborted()
    if (error instanceof InfraError || error instanceof UserError) return { unavailable: error.message }
    throw error
  }
}

/** The package that contains a kernel's changelog. Only packages of a signed index are fetched: no other can be verified. */
function packageOf({ version, release, boot, base }: DebianKernel): PoolFile | Unavailable {
  if (base) return base
  if (compareVersions(version, CHANGELOG_IN_BASE_SINCE) < 0) return boot
  return { unavailable: `no index lists linux-base-${release}, the package that contains the changelog` }
}

async function extractChangelog(file: PoolFile, id: string, context: KernelContext): Promise<Uint8Array | null> {
  const deb = await fetchPoolFile(await openAptRoot(context), file, id, context)
  reportProgress(context, id, 'unpacking its changelog')
  const folder = await openScratch(context.workspace.cache)
  try {
    await unpackDeb(deb, folder, CHANGELOG, context)
    const items = await readdir(folder, { recursive: true, withFileTypes: true })
    const item = items.find((one) => one.isFile())
    return item ? await readFile(join(item.parentPath, item.name)) : null
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
