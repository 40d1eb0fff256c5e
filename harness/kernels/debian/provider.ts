/** The `debian` provider: kernels of Debian's archive, by package version and flavour. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage, ListedKernel } from '#domain/kernel.ts'
import { cachedKernel, corruptMessage, findCorrupt, imageOf, listEntries } from '../provider/cache.ts'
import type { AptRoot } from './archive/root.ts'
import { debianChangelogs } from './changelog.ts'
import { buildDebianImage } from './fetch.ts'
import { debianBuildTree } from './headers.ts'
import { arrivalOf, readDebianIndex } from './index.ts'
import { MAIN_SUITES, SECURITY_SUITES } from './archive/sources.ts'
import { debianModulesKey, fetchDebianModules } from './modules.ts'
import type { DebianIndex, DebianKernel } from '#schema/cache/debian.ts'
import { poolStates } from './pool-state.ts'
import { matchDebianQuery, nearestHint, parseDebianQuery, pickOrder } from './query.ts'
import { startSpan } from '#harness/support/spans.ts'
import { withCacheLock } from '../provider/lock.ts'
import { kernelByPrefix } from '../provider/prefix.ts'
import { asFetch, inTurn, reportProgress, type KernelContext, type Provider } from '../provider/provider.ts'

export const debian: Provider = {
  name: 'debian',
  list: listDebian,
  listSeries: ({ series, flavour }, context) => listDebian(`${series}/${flavour}`, context),
  find: findDebian,
  fetch: fetchDebian,
  findCached: ({ id }, context) => cachedImage(id, context, false),
  modulesKey: debianModulesKey,
  async fetchModules(kernel, names, context) {
    return fetchDebianModules(await fetchDebian(kernel, context), names, context)
  },
  buildTree: debianBuildTree,
  changelogs: debianChangelogs,
}

async function listDebian(part: string, context: KernelContext): Promise<ListedKernel[]> {
  const query = parseDebianQuery(part || '*')
  const known = await listKnown(context)
  const chosen =
    query.pick === 'all'
      ? await withPoolState(matchDebianQuery(query, known.kernels), known, context)
      : await pick(pickOrder(query, known.kernels), known, context)
  if (part === '') return [...chosen, ...known.kernels.filter((kernel) => kernel.state === 'cached' && !chosen.includes(kernel))]
  if (chosen.length > 0) return chosen
  const text = query.versions.kind === 'glob' ? query.versions.glob : (query.versions.bounds[0]?.version ?? '')
  throw new UserError(`no Debian kernel matches debian:${part}`, nearestHint(text, query.flavour, known.kernels))
}

/** From each order the first kernel that the pool still has, else its last one. Asks the pool only about those. */
async function pick(orders: readonly (readonly ListedKernel[])[], known: Known, context: KernelContext): Promise<ListedKernel[]> {
  const picked: ListedKernel[] = []
  let open = orders
  while (open.length > 0) {
    const first = open.flatMap((order) => order.slice(0, 1))
    const heads = await withPoolState(first, known, context)
    const isGone = (index: number) => heads[index]?.state === 'not-on-mirror' && (open[index]?.length ?? 0) > 1
    picked.push(...heads.filter((_, index) => !isGone(index)))
    open = open.filter((_, index) => isGone(index)).map((order) => order.slice(1))
  }
  return picked
}

/** The same kernels, with the state `gone` for those whose package is in no pool any more. */
async function withPoolState(kernels: readonly ListedKernel[], known: Known, context: KernelContext): Promise<ListedKernel[]> {
  const places = (kernel: ListedKernel) => (kernel.state === 'available' ? (known.records.get(kernel.id)?.boot.uris ?? []) : [])
  const uris = kernels.flatMap(places)
  if (uris.length === 0 || !known.read) return [...kernels]
  const { root, index } = known.read
  const states = await poolStates(root, uris, (uri) => isReached(uri, root, index), context)
  return kernels.map((kernel) => {
    const there = places(kernel)
    return there.length > 0 && there.every((uri) => states.get(uri) === 'gone') ? { ...kernel, state: 'not-on-mirror' } : kernel
  })
}

async function findDebian(id: string, context: KernelContext): Promise<ListedKernel> {
  const known = await listKnown(context)
  const listed = kernelByPrefix(id, known.kernels)
  const [kernel] = await withPoolState(listed ? [listed] : [], known, context)
  if (kernel) return kernel
  const [, build = '', flavour = '*'] = /^debian-(.+?)(?:-((?:cloud-|rt-)?amd64))?$/.exec(id) ?? []
  throw new UserError(`${id} is not a kernel that Debian lists`, nearestHint(build, flavour, known.kernels))
}

interface Known {
  /** Cached kernels, and all others as `available` until the pool is asked. */
  readonly kernels: readonly ListedKernel[]
  readonly records: ReadonlyMap<string, DebianKernel>
  /** The index, and the apt root to ask the pool through; null where no index was ever read. */
  readonly read: { readonly root: AptRoot; readonly index: DebianIndex } | null
}

/** Whether the mirror that holds this file answered when the index was last refreshed. */
function isReached(uri: string, root: AptRoot, index: DebianIndex): boolean {
  if (index.reached) return true
  const suites = uri.startsWith(`${root.security}/`) ? SECURITY_SUITES : MAIN_SUITES
  return suites.some((suite) => arrivalOf(suite, index) === index.askedAt)
}

async function listKnown(context: KernelContext): Promise<Known> {
  const cached = new Map((await listCached(context)).map((kernel) => [kernel.id, kernel]))
  const read = await readDebianIndex(context).catch((error: unknown) => {
    // Ctrl-C ends the programs that were to answer, too.
    context.signal?.throwIfAborted()
    const known = error instanceof InfraError || error instanceof UserError
    if (!known || cached.size === 0 || context.mirror !== undefined) throw error
    reportProgress(context, null, `${error.message}; only cached kernels are listed`)
    return null
  })
  const records = new Map(read?.index.kernels.map((kernel) => [kernel.id, kernel]))
  const listed = [...records.values()].filter(({ id }) => !cached.has(id)).map(listedOf)
  context.onIndex?.(read?.index ?? null)
  return { kernels: [...cached.values(), ...listed], records, read }
}

function listedOf(kernel: DebianKernel): ListedKernel {
  const { id, provider, version, series, build, flavour, arch, boot, suites } = kernel
  return { id, provider, version, series, build, flavour, arch, state: 'available', bytes: boot.bytes, origin: suites.join(' ') }
}

async function listCached({ workspace }: KernelContext): Promise<ListedKernel[]> {
  const entries = (await listEntries(workspace)).filter(({ manifest }) => manifest.kernel.provider === 'debian')
  // Two mirrors may give different bytes for one build: it then has two entries, and is listed once.
  return [...new Map(entries.map(({ manifest }) => [manifest.kernel.id, cachedKernel(manifest)])).values()]
}

/** The kernel's files: from the cache when they are there and intact, else fetched. */
function fetchDebian(kernel: Kernel, context: KernelContext): Promise<KernelImage> {
  return asFetch(kernel.id, async () => (await checkImage(kernel.id, context)) ?? fetchPackages(kernel, context))
}

async function checkImage(id: string, context: KernelContext): Promise<KernelImage | null> {
  using _ = startSpan('check image')
  return await cachedImage(id, context, false)
}

async function fetchPackages(kernel: Kernel, context: KernelContext): Promise<KernelImage> {
  const { root, index } = await readDebianIndex(context)
  const listed = index.kernels.find(({ id }) => id === kernel.id)
  if (!listed) throw new UserError(`${kernel.id} is neither cached nor listed by the mirror`, 'see kwitness kernels list')
  const path = join(context.workspace.cache, 'locks', `${kernel.id}.lock`)
  const lock = { path, name: `the files of ${kernel.id}`, doing: 'fetching them', kernel: kernel.id }
  return withCacheLock(context, lock, async (inside) => {
    const other = await cachedImage(kernel.id, inside, true)
    if (other) return other
    return inTurn(inside, () => buildDebianImage(root, listed, inside))
  })
}

/** The image in the cache when it is intact. With `clean` (and under the kernel's lock) it removes corrupt entries. */
async function cachedImage(id: string, context: KernelContext, clean: boolean): Promise<KernelImage | null> {
  for (const { entry, manifest } of await listEntries(context.workspace, id)) {
    const corrupt = await findCorrupt(entry, manifest)
    if (corrupt === null) return imageOf(entry, manifest)
    if (!clean) continue
    reportProgress(context, id, corruptMessage(corrupt))
    await rm(entry, { recursive: true, force: true })
  }
  return null
}
