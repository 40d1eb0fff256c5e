/** How many objects a build of a line takes, remembered from the last one, so that the next can say how far it is. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile } from './cache.ts'
import type { KernelContext } from './provider.ts'
import type { Recipe } from './tree-recipe.ts'

/** Of a series with a config, what its last whole build took; null when there was none. */
export async function expectObjects(recipe: Recipe, context: KernelContext): Promise<number | null> {
  return (await readCounts(context))[lineOf(recipe)] ?? null
}

/** Note what a whole build took. */
export async function rememberObjects(recipe: Recipe, objects: number, context: KernelContext): Promise<void> {
  const counts = { ...(await readCounts(context)), [lineOf(recipe)]: objects }
  await mkdir(dirname(fileOf(context)), { recursive: true })
  await replaceFile(fileOf(context), `${JSON.stringify(counts, null, 2)}\n`)
}

const fileOf = ({ workspace }: KernelContext) => join(workspace.cache, 'trees', 'objects.json')

const lineOf = ({ kernel, fragments }: Recipe) => `${kernel.series} ${fragments.map(({ name }) => name).join('+')}`

async function readCounts(context: KernelContext): Promise<Record<string, number>> {
  const text = await readFile(fileOf(context), 'utf8').catch(() => '{}')
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}
