/** Changelogs of Debian's kernels: from the cache where one there tells of a build, else out of the package that brings it. */
import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { compareVersions, seriesOf } from '#domain/version.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { listEntries } from '../provider/cache.ts'
import { cachedChangelogs, keepChangelog, pruneChangelogs, type CachedChangelog } from './changelog-cache.ts'
import { openAptRoot } from './apt.ts'
import { CHANGELOG, RECORD, unpackDeb } from './fetch.ts'
import { readDebianIndex } from './index.ts'
import type { DebianKernel, PoolFile } from './packages.ts'
import { fetchPoolFile } from './pool.ts'
import { compareDebianVersions } from './version.ts'
import { reportProgress, type FoundChangelog, type KernelContext, type Missing } from '../provider/provider.ts'

/** Since then the package of the image holds a link where the changelog was; it lies in linux-base. */
const BASE_HOLDS_IT = '6.18'

/**
 * The changelogs that tell of these kernels, by kernel id. The newest of a line serves all builds it tells of, so few are
 * fetched; a kernel for which none can be had gets one that tells of its series at least, or the reason there is none.
 */
export async function debianChangelogs(
  kernels: readonly Kernel[],
  context: KernelContext,
): Promise<ReadonlyMap<string, FoundChangelog | Missing>> {
  const found = new Map<string, FoundChangelog | Missing>()
  let cached = await cachedChangelogs(context.workspace)
  for (const kernel of kernels.toSorted((a, b) => compareDebianVersions(b.build, a.build))) {
    const known = cached.find(({ builds }) => builds.includes(kernel.build))
    const own = known ?? (await bringChangelog(kernel, context))
    if (own !== known && !('missing' in own)) cached = await cachedChangelogs(context.workspace)
    found.set(kernel.id, 'missing' in own ? (insteadOf(kernel, own, cached) ?? own) : { ...own, instead: null })
  }
  await pruneChangelogs(context.workspace)
  return found
}

/** Of those at hand the one that lists most releases of the kernel's series, up to its own; null when none lists any. */
function insteadOf({ series, version }: Kernel, { missing }: Missing, cached: readonly CachedChangelog[]): FoundChangelog | null {
  const counted = cached.map((one) => {
    const own = one.releases.filter((release) => seriesOf(release) === series && compareVersions(release, version) <= 0)
    return { one, count: own.length }
  })
  const best = counted.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count)[0]
  return best ? { ...best.one, instead: missing } : null
}

/** The changelog of this very build, kept in the cache; or why it cannot be had. */
async function bringChangelog(kernel: Kernel, context: KernelContext): Promise<CachedChangelog | Missing> {
  try {
    const record = await recordOf(kernel, context)
    if (!record) return { missing: `the mirror no longer lists ${kernel.id}` }
    const file = packageOf(record)
    if ('missing' in file) return file
    const gzip = await takeChangelog(file, kernel.id, context)
    const kept = gzip ? await keepChangelog(gzip, context.workspace) : null
    if (kept?.builds.includes(kernel.build)) return kept
    return { missing: `the package of ${kernel.id} brings no changelog that tells of it` }
  } catch (error) {
    context.signal?.throwIfAborted()
    if (error instanceof InfraError || error instanceof UserError) return { missing: error.message }
    throw error
  }
}

/** What the index says of a kernel: as it was kept with its image, else as the mirror lists it now. */
async function recordOf(kernel: Kernel, context: KernelContext): Promise<DebianKernel | null> {
  for (const { entry } of await listEntries(context.workspace, kernel.id)) {
    const text = await readFile(join(entry, RECORD), 'utf8').catch(() => null)
    if (text !== null) return JSON.parse(text) as DebianKernel
  }
  const { index } = await readDebianIndex(context)
  return index.kernels.find(({ id }) => id === kernel.id) ?? null
}

/** The package that holds a kernel's changelog. What no signed index lists is not fetched: nothing would vouch for it. */
function packageOf({ version, release, boot, base }: DebianKernel): PoolFile | Missing {
  if (base) return base
  if (compareVersions(version, BASE_HOLDS_IT) < 0) return boot
  return { missing: `no index lists linux-base-${release}, the package that holds it` }
}

async function takeChangelog(file: PoolFile, id: string, context: KernelContext): Promise<Uint8Array | null> {
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
