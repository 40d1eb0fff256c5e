/** How many objects a build takes, as the last one of its line did or as its config lets expect: to say how far it is. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile } from '#harness/support/workspace.ts'
import type { KernelContext } from '../provider/provider.ts'
import type { Recipe } from './recipe.ts'

/** Objects for each symbol that is set: 1.98, 1.84 and 1.78 in the base config of 5.10, 6.1 and 6.12. */
const OBJECTS_PER_SYMBOL = 1.85

/** What the last whole build of the series with these fragments took; else a guess in hundreds from the text of the config. */
export async function expectObjects(recipe: Recipe, config: string, context: KernelContext): Promise<number | null> {
  const set = config.match(/=[ym]$/gm)?.length ?? 0
  const guess = Math.round((set * OBJECTS_PER_SYMBOL) / 100) * 100
  return (await readCounts(context))[lineOf(recipe)] ?? (guess === 0 ? null : guess)
}

/** Note what a whole build took. */
export async function rememberObjectCounts(recipe: Recipe, objects: number, context: KernelContext): Promise<void> {
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
