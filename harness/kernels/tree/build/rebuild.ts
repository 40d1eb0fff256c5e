/** Read a built kernel again: its source, its build log, and compiler output for single objects. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { runCommand } from '#harness/support/process.ts'
import { exists } from '#harness/support/workspace.ts'
import { withCacheLock } from '#harness/kernels/provider/lock.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import type { Recipe } from '#schema/cache/tree.ts'
import { applyPatch, ensureBase, openBuild } from './build.ts'
import { cloneSources, treeLock } from './files.ts'
import { runMake } from './make.ts'
import { baseFolder, readRecipe } from '../source/recipe.ts'
import { fetchSource } from '../source/source.ts'

async function recipeOf(kernel: Pick<Kernel, 'id'>, context: KernelContext): Promise<Recipe> {
  const recipe = await readRecipe(kernel.id, context.workspace)
  if (recipe) return recipe
  throw new UserError(`kwitness does not know how ${kernel.id} is built`, 'give a kernel of tree:...')
}

/** Folder with the unpatched source of a kernel; do not write to it. Throws UserError for a kernel not built from source. */
export async function sourceFolderOf(kernel: Pick<Kernel, 'id'>, context: KernelContext): Promise<string> {
  const recipe = await recipeOf(kernel, context)
  const base = baseFolder(recipe.baseKey, context.workspace)
  return (await exists(base)) ? base : fetchSource(recipe.source, context)
}

/** Path of the log of a kernel's newest build; of its base for a kernel without patches. */
export async function buildLogOf(kernel: Pick<Kernel, 'id'>, context: KernelContext): Promise<string> {
  const { patches, baseKey, kernel: own } = await recipeOf(kernel, context)
  return join(context.workspace.cache, 'logs', `${patches.length > 0 ? own.id : `base-${baseKey}`}.log`)
}

/**
 * Compile these objects of a kernel (`fs/userfaultfd.o`) again and return the output of make. The cached kernel does not
 * change. Throws UserError when they do not compile.
 */
export async function recompile(kernel: Pick<Kernel, 'id'>, objects: readonly string[], outside: KernelContext): Promise<string> {
  const recipe = await recipeOf(kernel, outside)
  const lock = { ...treeLock(outside.workspace), doing: `compiling objects of ${kernel.id} again`, kernel: kernel.id }
  return withCacheLock(outside, lock, async (context) => {
    const base = await ensureBase(recipe, context)
    const job = await openBuild(`rebuild-${kernel.id}`, context)
    try {
      await cloneSources(base, job.tree, context)
      await runCommand('cp', ['-a', '--reflink=auto', join(base, 'build'), join(job.tree, 'build')], { signal: context.signal })
      for (const patch of recipe.patches) await applyPatch(patch, recipe, job, context)
      await Promise.all(objects.map((object) => rm(join(job.tree, 'build', object), { force: true })))
      await runMake(job, objects, context)
      return await readFile(job.log, 'utf8')
    } finally {
      await rm(job.tree, { recursive: true, force: true })
    }
  })
}
