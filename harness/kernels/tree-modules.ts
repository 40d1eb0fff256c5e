/**
 * What our own kernels offer to compile modules against. The base has most of it, but nobody writes to a base: its sources
 * are shown again in the folder of builds, where what kbuild remembers of paths holds, and what is missing is made there.
 */
import { copyFile, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kernel } from '../../src/domain/kernel.ts'
import { runCommand } from '../process.ts'
import { exists } from '../workspace.ts'
import { withLock } from './lock.ts'
import type { BuildTree, KernelContext, Missing } from './provider.ts'
import { applyPatch, bringBase, openBuild } from './tree-build.ts'
import { cloneSources, stopped } from './tree-files.ts'
import { runMake } from './tree-make.ts'
import { readRecipe, type Recipe } from './tree-recipe.ts'

/** The build tree of a kernel built from source; or why there is none. */
export async function treeBuildTree(kernel: Kernel, context: KernelContext): Promise<BuildTree | Missing> {
  const recipe = await readRecipe(kernel.id, context.workspace)
  if (!recipe) return { missing: `it is not known any more how ${kernel.id} was built` }
  // A patch that changes no header changes nothing for a module: all such kernels share those of their base.
  const own = recipe.patches.some(({ text }) => touchesHeaders(text))
  const key = own ? recipe.kernel.id : `base-${recipe.baseKey}`
  const lock = join(context.workspace.cache, 'locks', 'tree.lock')
  return { key, use: (work) => withLock(lock, context.signal, () => withTree(recipe, own, work, context)) }
}

/** Whether a patch changes more than what is compiled into the kernel itself: a header, a Makefile, a Kconfig. */
export function touchesHeaders(patch: string): boolean {
  const files = [...patch.matchAll(/^(?:---|\+\+\+) ([^\t\n]+)/gm)].map(([, file]) => file ?? '')
  return files.some((file) => file !== '/dev/null' && !/\.[cS]$/.test(file))
}

async function withTree<T>(
  recipe: Recipe,
  own: boolean,
  work: (make: readonly string[]) => Promise<T>,
  context: KernelContext,
): Promise<T> {
  const base = await bringBase(recipe, context)
  const job = await openBuild(`modules-${own ? recipe.kernel.id : recipe.baseKey}`, context)
  try {
    await (own ? cloneSources : linkSources)(base, job.tree, context)
    const build = join(job.tree, 'build')
    await runCommand('cp', ['-a', '--reflink=auto', join(base, 'build'), build], stopped(context))
    if (own) for (const patch of recipe.patches) await applyPatch(patch, recipe, job, context)
    await runMake(job, ['modules_prepare'], context)
    // Where no module was built with the kernel, what it exports is listed under its own name alone.
    const symbols = join(build, 'Module.symvers')
    if (!(await exists(symbols))) await copyFile(join(build, 'vmlinux.symvers'), symbols)
    return await work(['-C', job.tree, 'O=build'])
  } finally {
    await rm(job.tree, { recursive: true, force: true })
  }
}

/** The same sources once more, by links to their folders: good for what reads them alone. */
async function linkSources(from: string, to: string): Promise<void> {
  const names = (await readdir(from)).filter((name) => name !== 'build')
  await Promise.all(names.map((name) => symlink(join(from, name), join(to, name))))
}
