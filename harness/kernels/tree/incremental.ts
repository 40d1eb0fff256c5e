/**
 * A base begun where another one ended. Two sources of a series differ in little: beside a copy of the other's objects
 * make compiles only what differs. What is equal keeps the other's modification times, what differs is new to make.
 */
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import type { KernelContext } from '../provider/provider.ts'
import { cloneSources, compareSources, runHeld, stopped } from './files.ts'
import { baseFolder, baseKeyOf, readRecipes, type Recipe } from './recipe.ts'

/** The base used last of those with the same series, config and compiler; null when there is none. */
export async function findIncremental(recipe: Recipe, compiler: string, { workspace }: KernelContext): Promise<string | null> {
  const others = (await readRecipes(workspace)).filter(({ kernel }) => kernel.series === recipe.kernel.series)
  const keys = new Set(others.map(({ source }) => baseKeyOf(source.key, compiler, recipe.fragments)))
  const bases = await Promise.all(
    [...keys].map(async (key) => {
      const folder = baseFolder(key, workspace)
      const found = await stat(folder).catch(() => null)
      return found ? [{ folder, usedAt: found.mtimeMs }] : []
    }),
  )
  return bases.flat().toSorted((a, b) => b.usedAt - a.usedAt)[0]?.folder ?? null
}

/** What a build that began near another one has to do. */
export interface Begun {
  /** Files in which the sources differ. */
  readonly differ: number
  /** The config of the other holds: the sources differ in nothing that it is made from. */
  readonly configured: boolean
}

/**
 * Fill the empty folder `tree` with the sources of `source` and the objects of the base `near`. Null, with nothing done,
 * when make could not see a difference: a header that is new may come before another of its name, and a symbolic link is
 * as old as what it points to.
 */
export async function beginIncremental(
  near: string,
  source: string,
  tree: string,
  context: KernelContext,
): Promise<Begun | null> {
  const { changed, added, links, removed } = await compareSources(near, source, context)
  if (links.length > 0 || added.some((path) => /(?:^|\/)include\/.*\.h$/.test(path))) return null
  await cloneSources(near, tree, context)
  for (const path of [...changed, ...removed]) await rm(join(tree, path), { force: true })
  const copy = ['-0r', 'cp', '--parents', '--preserve=mode', '-t', tree, '--']
  await runCommand('xargs', copy, { ...stopped(context), cwd: source, input: changed.map((path) => `${path}\0`).join('') })
  await runHeld(['cp', '-a', '--reflink=auto', join(near, 'build'), join(tree, 'build')], context)
  const paths = [...changed, ...removed]
  return { differ: paths.length, configured: paths.every((path) => /\.[chS]$/.test(path) && !path.startsWith('scripts/')) }
}
