/** Kernels, whatever their provider: selected, listed, fetched. A new provider is one file and one line here. */
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage, ListedKernel, ProviderName } from '#domain/kernel.ts'
import { debian } from './debian/provider.ts'
import { file } from './file/provider.ts'
import {
  say,
  type BuildTree,
  type FoundChangelog,
  type KernelContext,
  type Missing,
  type ModuleFile,
  type Provider,
} from './provider/provider.ts'
import { compareKernels } from './debian/order.ts'
import { parseSelector, type Selector } from './selector.ts'
import { readKernelSet } from './sets.ts'
import { tree } from './tree/provider.ts'

export type {
  BuildTree,
  FoundChangelog,
  KernelContext,
  KernelProgress,
  Missing,
  ModuleFile,
  Provider,
} from './provider/provider.ts'

const PROVIDERS: readonly Provider[] = [debian, file, tree]

/** The provider of that name; throws UserError when this kwitness has none. */
export function providerOf(name: ProviderName): Provider {
  const provider = PROVIDERS.find((one) => one.name === name)
  if (provider) return provider
  const names = PROVIDERS.map((one) => one.name).join(', ')
  throw new UserError(`there is no kernel provider called ${name}`, `there are: ${names}`)
}

/**
 * The kernels that these selectors mean together, each once, in version order. Kernels that are gone are never among them.
 * Throws UserError when a selector cannot be read, matches nothing, or matches only what is gone; inside a set such a
 * selector is left out and told as progress, unless nothing remains.
 */
export async function selectKernels(selectors: readonly string[], context: KernelContext): Promise<ListedKernel[]> {
  const found = new Map<string, ListedKernel>()
  for (const selector of selectors) {
    for (const kernel of await selectOne(selector, context)) found.set(kernel.id, kernel)
  }
  return [...found.values()].toSorted(compareKernels)
}

/** All that a selector matches, with kernels that are gone; without one, what each provider shows unasked. In version order. */
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
 * What else their providers list of the series and flavours of these kernels, themselves and kernels that are gone included, in
 * version order. Nothing of a provider that keeps no list: what lies beside such a kernel nobody knows.
 */
export async function listSeries(kernels: readonly Kernel[], context: KernelContext): Promise<ListedKernel[]> {
  const lines = Map.groupBy(kernels, ({ provider, series, flavour }) => `${provider}/${series}/${flavour}`)
  const lists = await withDisk(context, () =>
    Promise.all([...lines.values()].map(async ([kernel]) => (kernel && (await listSeriesOf(kernel, context))) ?? [])),
  )
  return lists.flat().toSorted(compareKernels)
}

async function listSeriesOf(kernel: Kernel, context: KernelContext): Promise<ListedKernel[]> {
  return (await providerOf(kernel.provider).listSeries?.(kernel, context)) ?? []
}

/** Bring a kernel into the cache and give its files; at once when they are there and whole. Throws InfraError or UserError. */
export async function fetchKernel(kernel: Kernel, context: KernelContext): Promise<KernelImage> {
  return withDisk(context, () => providerOf(kernel.provider).fetch(kernel, context))
}

/**
 * These modules of a kernel and all they depend on, as plain .ko files in load order; what is built in needs no file.
 * Throws UserError when the kernel has no such module or its archive no longer lists any.
 */
export async function fetchModules(kernel: Kernel, names: readonly string[], context: KernelContext): Promise<ModuleFile[]> {
  if (names.length === 0) return []
  return withDisk(context, () => providerOf(kernel.provider).fetchModules(kernel, names, context))
}

/** What modules for a kernel can be compiled against, not brought yet; or why there is nothing, in one line. */
export async function findBuildTree(kernel: Kernel, context: KernelContext): Promise<BuildTree | Missing> {
  const found = await withDisk(context, () => providerOf(kernel.provider).buildTree(kernel, context))
  return 'missing' in found ? found : { ...found, use: (work) => withDisk(context, () => found.use(work)) }
}

/** The package changelogs of these kernels, or why there is none, by id; kernels that come in no package have neither. */
export async function findChangelogs(
  kernels: readonly Kernel[],
  context: KernelContext,
): Promise<ReadonlyMap<string, FoundChangelog | Missing>> {
  const asked = PROVIDERS.map(async ({ name, changelogs }) => {
    const own = kernels.filter(({ provider }) => provider === name)
    return changelogs && own.length > 0 ? [...(await withDisk(context, () => changelogs(own, context)))] : []
  })
  return new Map((await Promise.all(asked)).flat())
}

/** Run `work`, and lay the errors of a disk that is full or not ours on the machine. */
async function withDisk<T>(context: KernelContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (!['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR'].includes(code)) throw error
    const hint = 'free some space, or set KWITNESS_CACHE to a folder that can be written'
    throw new InfraError(`cannot write the cache ${context.workspace.cache}: ${code}`, hint, { cause: error })
  }
}

async function selectOne(text: string, context: KernelContext): Promise<ListedKernel[]> {
  const selector = parseSelector(text)
  if (selector.kind === 'set') return selectSet(selector.name, context)
  const listed = await listOne(selector, context)
  const kernels = listed.filter(({ state }) => state !== 'gone')
  if (kernels.length > 0) return kernels
  const names = listed.map(({ id }) => id)
  const shown = names.length > 3 ? [...names.slice(0, 3), `${names.length - 3} more`] : names
  throw new UserError(
    `${text} matches only kernels that are gone: the index lists ${shown.join(', ')}, but the pool no longer has the packages`,
    'choose a neighbour: kwitness kernels list',
  )
}

/** What the provider lists for a selector that is no set, kernels that are gone included. */
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
      say(context, null, `${selector} of the set ${name} left out: ${error.message}`)
    }
  }
  if (found.length > 0) return found
  throw new UserError(`the set ${name} matches no kernel that can be had`, 'see kwitness kernels list')
}
