/**
 * Build a base from another base of the same series: make then compiles only what differs between the two sources. Equal
 * files keep their modification times, differing files get new ones.
 */
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { whenUnreadable } from '#harness/support/workspace.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import type { Recipe } from '#schema/cache/tree.ts'
import { cloneSources, compareSources, runLocked } from './files.ts'
import { baseFolder, baseKeyOf, readRecipes } from '../source/recipe.ts'

/** The most recently used base with the same series, config and compiler; null when there is none. */
export async function findNearestBase(recipe: Recipe, compiler: string, { workspace }: KernelContext): Promise<string | null> {
  const others = (await readRecipes(workspace)).filter(({ kernel }) => kernel.series === recipe.kernel.series)
  const keys = new Set(others.map(({ source }) => baseKeyOf(source.key, compiler, recipe.fragments)))
  const bases = await Promise.all(
    [...keys].map(async (key) => {
      const folder = baseFolder(key, workspace)
      const found = await stat(folder).catch(whenUnreadable(null))
      return found ? [{ folder, usedAt: found.mtimeMs }] : []
    }),
  )
  return bases.flat().toSorted((a, b) => b.usedAt - a.usedAt)[0]?.folder ?? null
}

/** The state of a build folder that starts from another base. */
export interface IncrementalStart {
  /** Number of files in which the sources differ. */
  readonly differing: number
  /** Whether the config of the other base still applies: no Kconfig file, Makefile or script differs. */
  readonly isConfigured: boolean
}

/**
 * Fill the empty folder `tree` with the sources of `source` and the objects of the base `near`. Returns null, with nothing
 * done, when make would miss a difference: a new header may shadow another of its name, and a symbolic link has the
 * modification time of its target.
 */
export async function startIncremental(
  near: string,
  source: string,
  tree: string,
  context: KernelContext,
): Promise<IncrementalStart | null> {
  const { changed, added, links, removed } = await compareSources(near, source, context)
  if (links.length > 0 || added.some((path) => /(?:^|\/)include\/.*\.h$/.test(path))) return null
  await cloneSources(near, tree, context)
  for (const path of [...changed, ...removed]) await rm(join(tree, path), { force: true })
  const copy = ['-0r', 'cp', '--parents', '--preserve=mode', '-t', tree, '--']
  await runCommand('xargs', copy, { signal: context.signal, cwd: source, input: changed.map((path) => `${path}\0`).join('') })
  await runLocked(['cp', '-a', '--reflink=auto', join(near, 'build'), join(tree, 'build')], context)
  const paths = [...changed, ...removed]
  return { differing: paths.length, isConfigured: paths.every((path) => /\.[chS]$/.test(path) && !path.startsWith('scripts/')) }
}
