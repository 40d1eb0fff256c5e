/** The index of Debian kernels: what apt fetched and verified, reduced to one JSON file. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import { debianIndexSchema, type DebianIndex } from '#schema/cache/debian.ts'
import { createJsonReader } from '#harness/support/json-cache.ts'
import { replaceFile } from '#harness/support/workspace.ts'
import { openAptRoot, type AptRoot } from './archive/root.ts'
import { archiveOf } from './archive/choose.ts'
import { headersOf, kernelsOf, parsePackages, type PackageList } from './archive/packages.ts'
import { MAIN_SUITES, SECURITY_SUITES } from './archive/sources.ts'
import { withCacheLock } from '../provider/lock.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'

const MAX_AGE_MS = 12 * 3600 * 1000
/** Time before a mirror that did not answer is asked again. */
const RETRY_AFTER_MS = 10 * 60 * 1000
/** Disk space that apt needs to fetch and repack all lists. Without it apt does not fail but waits forever. */
const MIN_FREE_BYTES = 300 * 2 ** 20

/** The index, refreshed when it is older than 12 hours or than the context accepts. Throws InfraError when there is none. */
export async function readDebianIndex(context: KernelContext): Promise<{ root: AptRoot; index: DebianIndex }> {
  const root = await openAptRoot(context)
  const stored = await storedIndex(root)
  if (stored && isFresh(stored, context)) return { root, index: stored }
  const lock = { path: join(root.folder, 'update.lock'), name: 'the package lists', doing: 'fetching them', kernel: null }
  const index = await withCacheLock(context, lock, async (inside) => {
    const other = await storedIndex(root)
    // The previous holder of the lock may have refreshed the index.
    return other && isFresh(other, context) ? other : refreshIndex(root, other, inside)
  })
  return { root, index }
}

function isFresh(index: DebianIndex, context: KernelContext): boolean {
  const at = Date.parse(index.askedAt)
  const age = Date.now() - at
  return age >= 0 && age < (index.reached ? MAX_AGE_MS : RETRY_AFTER_MS) && at >= (context.freshAfter ?? 0)
}

const readIndex = createJsonReader(debianIndexSchema)

/** The index as it was stored; null where it must be made. */
function storedIndex(root: AptRoot): Promise<DebianIndex | null> {
  return readIndex(join(root.folder, 'index.json'))
}

async function refreshIndex(root: AptRoot, old: DebianIndex | null, context: KernelContext): Promise<DebianIndex> {
  reportProgress(context, null, `asking ${new URL(root.main).host || root.main} for its kernel packages`)
  const { bavail, bsize } = await statfs(root.folder)
  if (bavail * bsize < MIN_FREE_BYTES) {
    const left = `${Math.floor((bavail * bsize) / 2 ** 20)} of the ${MIN_FREE_BYTES / 2 ** 20} MiB`
    throw new InfraError(
      `${root.folder} has only ${left} that apt needs for the package lists`,
      'free some space or set KWITNESS_CACHE',
    )
  }
  const askedAt = new Date().toISOString()
  const diagnostics = await (await archiveOf(context)).update(root, context)
  const lists = await readLists(root, context)
  if (lists.length === 0 && old === null) {
    const why = diagnostics.find((line) => /GPG|sign/.test(line)) ?? diagnostics[0] ?? 'no list arrived'
    throw new InfraError(`${root.main} gave no index of any Debian suite: ${why}`, 'check the network, or pass --mirror URL')
  }
  // Where a suite did not arrive apt keeps the list that it had.
  const troubleOf = (suite: string) => diagnostics.find((line) => line.split(/[ /]/).includes(suite))
  const have = [...new Set(lists.map(({ suite }) => suite))]
  const arrived = have.filter((suite) => troubleOf(suite) === undefined)
  const unreached = diagnostics.filter((line) => /Failed to fetch|timed out/.test(line) && !/\b404\b/.test(line))
  if (old !== null && (lists.length === 0 || (arrived.length === 0 && unreached.length > 0))) {
    const why = unreached[0] ?? diagnostics[0] ?? 'no list arrived'
    reportProgress(context, null, `cannot refresh the index, using the one of ${old.refreshedAt}: ${why}`)
    return storeIndex(root, { ...old, askedAt, reached: false })
  }
  const missingSuites = [...MAIN_SUITES, ...SECURITY_SUITES].filter((suite) => !have.includes(suite))
  for (const suite of missingSuites) {
    const why = troubleOf(suite) ?? 'the mirror has no list for it'
    reportProgress(context, null, `left out suite ${suite}: ${why.replace(/^[EW]: /, '')}`)
  }
  const arrivals = Object.fromEntries(
    have.map((suite) => [suite, arrived.includes(suite) ? askedAt : (arrivalOf(suite, old) ?? UNKNOWN_TIME)]),
  )
  for (const suite of have.filter((one) => !arrived.includes(one))) {
    const since = arrivals[suite] === UNKNOWN_TIME ? 'an earlier one' : `the list of ${arrivals[suite]}`
    reportProgress(context, null, `cannot refresh suite ${suite}, using ${since}: ${troubleOf(suite)?.replace(/^[EW]: /, '')}`)
  }
  const reached = unreached.length === 0 && arrived.length > 0
  return storeIndex(root, {
    schema: 'kwitness.debian-index/2',
    refreshedAt: askedAt,
    askedAt,
    reached,
    arrivals,
    missingSuites,
    kernels: kernelsOf(lists),
    headers: headersOf(lists),
  })
}

/** The arrival of a list that nobody noted. */
const UNKNOWN_TIME = new Date(0).toISOString()

/** When the list of a suite last arrived, by an index; null for a suite that it does not have. */
export function arrivalOf(suite: string, index: DebianIndex | null): string | null {
  if (index === null || index.missingSuites.includes(suite)) return null
  return index.arrivals[suite] ?? index.refreshedAt
}

/** When the mirror last listed a kernel, and whether it did so at the newest try. Null for one that the index does not list. */
export function freshnessOf(id: string, index: DebianIndex): { readonly asOf: string; readonly isStale: boolean } | null {
  const suites = index.kernels.find((kernel) => kernel.id === id)?.suites
  const asOf = suites
    ?.map((suite) => arrivalOf(suite, index) ?? UNKNOWN_TIME)
    .toSorted()
    .at(-1)
  return asOf === undefined ? null : { asOf, isStale: asOf < index.askedAt }
}

async function storeIndex(root: AptRoot, index: DebianIndex): Promise<DebianIndex> {
  await replaceFile(join(root.folder, 'index.json'), JSON.stringify(index))
  return index
}

/** The packages of each list that has arrived. */
async function readLists(root: AptRoot, context: KernelContext): Promise<PackageList[]> {
  const lists = await (await archiveOf(context)).lists(root, context)
  return lists.map(({ suite, repository, text }) => ({
    suite,
    mirror: repository.replace(/\/+$/, ''),
    packages: parsePackages(text),
  }))
}
