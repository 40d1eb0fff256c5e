/** Estimate how many objects a kernel build compiles, to report its progress as a part of the whole. */
import { dirname, join } from 'node:path'
import { objectCountsSchema, type Recipe } from '#schema/cache/tree.ts'
import { readJsonCache } from '#harness/support/json-cache.ts'
import { makeFolder, replaceFile } from '#harness/support/workspace.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import type { ExpectedObjects } from './make.ts'

/** Objects per enabled symbol: measured 1.98, 1.84 and 1.78 with the base config of 5.10, 6.1 and 6.12. */
const OBJECTS_PER_SYMBOL = 1.85

/**
 * The number of objects of the last full build of this series and these fragments; without one, an estimate from the config
 * text, rounded to hundreds. Null for a config that enables nothing.
 */
export async function estimateObjects(recipe: Recipe, config: string, context: KernelContext): Promise<ExpectedObjects | null> {
  const enabled = config.match(/=[ym]$/gm)?.length ?? 0
  const estimate = Math.round((enabled * OBJECTS_PER_SYMBOL) / 100) * 100
  const count = (await readCounts(context))[branchOf(recipe)] ?? estimate
  return count === 0 ? null : { count, isMost: false }
}

/** The most that an incremental build can compile: the objects of the last full one of this series; null before there was one. */
export async function mostObjects(recipe: Recipe, context: KernelContext): Promise<ExpectedObjects | null> {
  const count = (await readCounts(context))[branchOf(recipe)]
  return count === undefined ? null : { count, isMost: true }
}

/** Store the number of objects of a full build. */
export async function storeObjectCount(recipe: Recipe, objects: number, context: KernelContext): Promise<void> {
  const counts = { ...(await readCounts(context)), [branchOf(recipe)]: objects }
  await makeFolder(dirname(fileOf(context)))
  await replaceFile(fileOf(context), `${JSON.stringify(counts, null, 2)}\n`)
}

const fileOf = ({ workspace }: KernelContext) => join(workspace.cache, 'trees', 'objects.json')

const branchOf = ({ kernel, fragments }: Recipe) => `${kernel.series} ${fragments.map(({ name }) => name).join('+')}`

const readCounts = async (context: KernelContext) => (await readJsonCache(fileOf(context), objectCountsSchema)) ?? {}
