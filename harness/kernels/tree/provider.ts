/** The `tree` provider: kernels built from source, with patches applied and config fragments merged. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage, ListedKernel } from '#domain/kernel.ts'
import {
  cachedKernel,
  corruptMessage,
  entryPath,
  findCorrupt,
  imageOf,
  listEntries,
  modulesKeyOf,
  publishEntry,
} from '../provider/cache.ts'
import type { Manifest } from '#schema/cache/kernel.ts'
import type { Recipe } from '#schema/cache/tree.ts'
import { plainModules } from '../provider/modules.ts'
import { withCacheLock } from '../provider/lock.ts'
import { kernelByPrefix } from '../provider/prefix.ts'
import { inTurn, reportProgress, type KernelContext, type Provider } from '../provider/provider.ts'
import { buildRecipe } from './build/build.ts'
import { removeLeftovers } from './build/evict.ts'
import { treeLock } from './build/files.ts'
import { treeBuildTree } from './modules.ts'
import { describeRecipe, storeRecipe, makeRecipe, readRecipe, readRecipes, type GivenPatch } from './source/recipe.ts'
import { parseTreeSelector, type TreeSelector } from './source/selector.ts'

const SELECT_AGAIN = 'select its source again: tree:debian-5.10,patch=FILE'

export const tree: Provider = {
  name: 'tree',
  async list(part, context) {
    if (part === '') return (await treeEntries(context)).map(({ manifest }) => cachedKernel(manifest))
    return [await listTreeKernel(parseTreeSelector(part), context)]
  },
  async find(id, context) {
    const recipe = await readRecipe(id, context.workspace)
    if (recipe) return listedOf(recipe, context)
    const recipes = await readRecipes(context.workspace)
    const listed = kernelByPrefix(id, await Promise.all(recipes.map((one) => listedOf(one, context))))
    if (listed) return listed
    throw new UserError(`kwitness does not know the kernel ${id}`, SELECT_AGAIN)
  },
  fetch: fetchTree,
  findCached: ({ id }, context) => cachedImage(id, context, false),
  modulesKey: modulesKeyOf,
  async fetchModules(kernel, names, context) {
    const { modules } = await fetchTree(kernel, context)
    const plain = join(context.workspace.cache, 'modules', `${kernel.id}.plain`)
    return plainModules(modules ?? '', plain, kernel.id, names, context)
  },
  buildTree: treeBuildTree,
}

/** The kernel that a selector names, with patches that are given on top of it. */
export async function listTreeKernel(
  selector: TreeSelector,
  context: KernelContext,
  given: readonly GivenPatch[] = [],
): Promise<ListedKernel> {
  const recipe = await makeRecipe(selector, context, given)
  await storeRecipe(recipe, context.workspace)
  return listedOf(recipe, context)
}

/** The kernel's files: from the cache when they are there and intact, else built. */
async function fetchTree(kernel: Kernel, outside: KernelContext): Promise<KernelImage> {
  const ready = await cachedImage(kernel.id, outside, false)
  if (ready) return ready
  const recipe = await readRecipe(kernel.id, outside.workspace)
  if (!recipe) throw new UserError(`neither ${kernel.id} nor its recipe is in the cache`, SELECT_AGAIN)
  const lock = { ...treeLock(outside.workspace), doing: `building ${kernel.id}`, kernel: kernel.id }
  return withCacheLock(outside, lock, async (context) => {
    const other = await cachedImage(kernel.id, context, true)
    if (other) return other
    const origin = describeRecipe(recipe)
    reportProgress(context, kernel.id, `building from ${origin}`)
    const entry = entryPath(context.workspace, kernel.id, kernel.build)
    await removeLeftovers(context)
    const build = (folder: string) => buildRecipe(recipe, folder, context)
    return imageOf(entry, await inTurn(context, () => publishEntry(entry, kernel, origin, build)))
  })
}

async function listedOf(recipe: Recipe, context: KernelContext): Promise<ListedKernel> {
  const cached = (await treeEntries(context)).find(({ manifest }) => manifest.kernel.id === recipe.kernel.id)
  if (cached) return cachedKernel(cached.manifest)
  return { ...recipe.kernel, state: 'available', bytes: null, origin: describeRecipe(recipe) }
}

async function treeEntries({ workspace }: KernelContext): Promise<{ entry: string; manifest: Manifest }[]> {
  return (await listEntries(workspace)).filter(({ manifest }) => manifest.kernel.provider === 'tree')
}

/** The image in the cache when it is intact. With `clean` (and under treeLock) it removes a corrupt entry. */
async function cachedImage(id: string, context: KernelContext, clean: boolean): Promise<KernelImage | null> {
  const [known] = await listEntries(context.workspace, id)
  if (!known) return null
  const corrupt = await findCorrupt(known.entry, known.manifest)
  if (corrupt === null) return imageOf(known.entry, known.manifest)
  if (!clean) return null
  reportProgress(context, id, corruptMessage(corrupt))
  await rm(known.entry, { recursive: true, force: true })
  return null
}
