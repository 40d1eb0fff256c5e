/** Select, list and fetch kernels of all providers. A new provider is one file and one line here. */
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage, ListedKernel, ProviderName } from '#domain/kernel.ts'
import { debian } from './debian/provider.ts'
import { file } from './file/provider.ts'
import { image as diskImage } from './image/provider.ts'
import {
  NotOnMirrorError,
  reportProgress,
  type BuildTree,
  type FoundChangelog,
  type KernelContext,
  type Unavailable,
  type ModuleFile,
  type Provider,
} from './provider/provider.ts'
import { cachedChangelogs } from './debian/changelog-cache.ts'
import { compareKernels } from './debian/order.ts'
import { listEntries } from './provider/cache.ts'
import { parseSelector, type Selector } from './selector.ts'
import { readKernelSet } from './sets.ts'
import { listTreeKernel, tree } from './tree/provider.ts'
import type { GivenPatch } from './tree/source/recipe.ts'
import type { TreeSelector } from './tree/source/selector.ts'

export type {
  BuildTree,
  FoundChangelog,
  KernelContext,
  KernelProgress,
  Unavailable,
  ModuleFile,
  Provider,
} from './provider/provider.ts'

const PROVIDERS: readonly Provider[] = [debian, file, tree, diskImage]

/** The provider of that name. Throws UserError when there is none. */
export function providerOf(name: ProviderName): Provider {
  const provider = PROVIDERS.find((one) => one.name === name)
  if (provider) return provider
  const names = PROVIDERS.map((one) => one.name).join(', ')
  throw new UserError(`${name} is not a kernel provider`, `choose one of: ${names}`)
}

/**
 * The kernels that the selectors match, each once, in version order. Leaves out kernels that are not on the mirror any more.
 * Throws UserError when a selector is malformed, matches nothing, or matches only kernels that are not on the mirror. A
 * selector of a named set that fails so is skipped and reported as progress, unless the whole set matches nothing.
 */
export async function selectKernels(selectors: readonly string[], context: KernelContext): Promise<ListedKernel[]> {
  const found = new Map<string, ListedKernel>()
  for (const selector of selectors) {
    for (const kernel of await selectOne(selector, context)) found.set(kernel.id, kernel)
  }
  return [...found.values()].toSorted(compareKernels)
}

/** The kernel built from a source with patches: what a selector `tree:` names, for callers that have its parts. */
export async function selectTreeKernel(
  selector: TreeSelector,
  context: KernelContext,
  given: readonly GivenPatch[] = [],
): Promise<ListedKernel> {
  return withDisk(context, () => listTreeKernel(selector, context, given))
}

/**
 * All kernels that a selector matches, also those that are not on the mirror any more, in version order. Without a selector,
 * what each provider lists by default.
 */
export async function listKernels(context: KernelContext, options: { readonly selector?: string } = {}): Promise<ListedKernel[]> {
  const { selector: text } = options
  if (text === undefined) {
    const lists = await withDisk(context, () => Promise.all(PROVIDERS.map((provider) => provider.list('', context))))
    return lists.flat().toSorted(compareKernels)
  }
  const selector = parseSelector(text)
  const listed = selector.kind === 'set' ? await selectSet(selector.name, context) : await listOne(selector, context)
  return listed.toSorted(compareKernels)
}

/**
 * All kernels of the same series and flavours as these that their providers list, themselves and those that are not on the
 * mirror any more included, in version order. Empty for a provider that has no such list.
 */
export async function listSeries(kernels: readonly Kernel[], context: KernelContext): Promise<ListedKernel[]> {
  const branches = Map.groupBy(kernels, ({ provider, series, flavour }) => `${provider}/${series}/${flavour}`)
  const lists = await withDisk(context, () =>
    Promise.all([...branches.values()].map(async ([kernel]) => (kernel && (await listSeriesOf(kernel, context))) ?? [])),
  )
  return lists.flat().toSorted(compareKernels)
}

async function listSeriesOf(kernel: Kernel, context: KernelContext): Promise<ListedKernel[]> {
  return (await providerOf(kernel.provider).listSeries?.(kernel, context)) ?? []
}

/**
 * Bring a kernel into the cache, unless it is there and intact, and return its files. Throws InfraError or UserError; one for a
 * kernel that is not on the mirror any more names the next build that is.
 */
export async function fetchKernel(kernel: Kernel, context: KernelContext): Promise<KernelImage> {
  return withDisk(context, async () => {
    try {
      return await providerOf(kernel.provider).fetch(kernel, context)
    } catch (error) {
      if (!(error instanceof NotOnMirrorError)) throw error
      throw new UserError(error.message, await nextBuildHint(kernel, context), { cause: error })
    }
  })
}

/** What to choose instead of a kernel that is not on the mirror any more: the next newer build that is, else the next older. */
async function nextBuildHint(kernel: Kernel, context: KernelContext): Promise<string> {
  const listed = (await listSeriesOf(kernel, context)).toSorted(compareKernels)
  const there = listed.filter(({ id, state }) => id !== kernel.id && state !== 'not-on-mirror')
  const next = there.find((one) => compareKernels(one, kernel) > 0) ?? there.at(-1)
  if (!next) return `the mirror has no build of ${kernel.series} for ${kernel.flavour}; choose another one: kwitness kernels list`
  return `the next build that is there is ${next.id}; all of them: kwitness kernels list`
}

/** The files of a kernel when the cache has them, intact; null where fetchKernel would fetch or build them. */
export async function findCachedKernel(kernel: Kernel, context: KernelContext): Promise<KernelImage | null> {
  return withDisk(context, () => providerOf(kernel.provider).findCached(kernel, context))
}

/** Identifies the modules that belong to an image, by their contents; null where what it takes to know them is lost. */
export async function modulesKey(image: KernelImage): Promise<string | null> {
  return providerOf(image.kernel.provider).modulesKey(image)
}

/**
 * These modules of a kernel and their dependencies, as decompressed .ko files in load order, without those that are built in.
 * Throws UserError when the kernel has no such module or its archive does not list any.
 */
export async function fetchModules(kernel: Kernel, names: readonly string[], context: KernelContext): Promise<ModuleFile[]> {
  if (names.length === 0) return []
  return withDisk(context, () => providerOf(kernel.provider).fetchModules(kernel, names, context))
}

/** A tree to compile external modules for a kernel against, prepared only on use; or why there is none, in one line. */
export async function findBuildTree(kernel: Kernel, context: KernelContext): Promise<BuildTree | Unavailable> {
  const found = await withDisk(context, () => providerOf(kernel.provider).buildTree(kernel, context))
  return 'unavailable' in found ? found : { ...found, use: (work) => withDisk(context, () => found.use(work)) }
}

/** By kernel id: the package changelog, or why there is none. Leaves out kernels that do not come in a package. */
export async function findChangelogs(
  kernels: readonly Kernel[],
  context: KernelContext,
): Promise<ReadonlyMap<string, FoundChangelog | Unavailable>> {
  const asked = PROVIDERS.map(async ({ name, changelogs }) => {
    const own = kernels.filter(({ provider }) => provider === name)
    return changelogs && own.length > 0 ? [...(await withDisk(context, () => changelogs(own, context)))] : []
  })
  return new Map((await Promise.all(asked)).flat())
}

/** The kernels in the cache that came with their configuration, and the path of that. */
export async function cachedConfigs({
  workspace,
}: Pick<KernelContext, 'workspace'>): Promise<readonly { readonly kernel: Kernel; readonly config: string }[]> {
  const entries = await listEntries(workspace)
  return entries.flatMap(({ entry, manifest: { kernel, files } }) =>
    Object.hasOwn(files, 'config') ? [{ kernel, config: join(entry, 'config') }] : [],
  )
}

/** The package changelogs that the cache has, the newest build first; none where nothing was fetched yet. */
export function knownChangelogs({
  workspace,
}: Pick<KernelContext, 'workspace'>): Promise<readonly Omit<FoundChangelog, 'instead'>[]> {
  return cachedChangelogs(workspace)
}

/** Run `work`. A file system error about space or permission becomes an InfraError. */
async function withDisk<T>(context: KernelContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (!['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(code)) throw error
    const hint = 'free some space, or set KWITNESS_CACHE to a folder that you can write'
    throw new InfraError(`cannot write the cache ${context.workspace.cache}: ${code}`, hint, { cause: error })
  }
}

async function selectOne(text: string, context: KernelContext): Promise<ListedKernel[]> {
  const selector = parseSelector(text)
  if (selector.kind === 'set') return selectSet(selector.name, context)
  const listed = await listOne(selector, context)
  const kernels = listed.filter(({ state }) => state !== 'not-on-mirror')
  if (kernels.length > 0) return kernels
  const names = listed.map(({ id }) => id)
  const shown = names.length > 3 ? [...names.slice(0, 3), `${names.length - 3} more`] : names
  throw new UserError(
    `${text} matches only kernels that are not on the mirror: it lists ${shown.join(', ')}, but no longer has their packages`,
    listed[0] ? await nextBuildHint(listed[0], context) : 'choose another one: kwitness kernels list',
  )
}

/** The kernels that a provider's selector matches, also those that are not on the mirror any more. */
async function listOne(selector: Exclude<Selector, { kind: 'set' }>, context: KernelContext): Promise<ListedKernel[]> {
  const provider = providerOf(selector.provider)
  return withDisk(context, async () =>
    selector.kind === 'kernel' ? [await provider.find(selector.id, context)] : provider.list(selector.part, context),
  )
}

async function selectSet(name: string, context: KernelContext): Promise<ListedKernel[]> {
  const { selectors } = await readKernelSet(name)
  const found: ListedKernel[] = []
  for (const selector of selectors) {
    try {
      found.push(...(await selectOne(selector, context)))
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      reportProgress(context, null, `left out ${selector} of the set ${name}: ${error.message}`)
    }
  }
  if (found.length > 0) return found
  throw new UserError(`the set ${name} matches no available kernel`, 'see kwitness kernels list')
}
