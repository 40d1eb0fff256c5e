/** What was built from source, looked at again: its source, the logs of its build, and what a compiler says of single objects. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import type { Kernel } from '#domain/kernel.ts'
import { runCommand } from '#harness/support/process.ts'
import { exists } from '#harness/support/workspace.ts'
import { withLock } from '#harness/support/lock.ts'
import type { KernelContext } from '../provider/provider.ts'
import { applyPatch, ensureBase, openBuild } from './build.ts'
import { cloneSources, stopped, treeLock } from './files.ts'
import { runMake } from './make.ts'
import { baseFolder, readRecipe, type Recipe } from './recipe.ts'
import { fetchSource } from './source.ts'

async function recipeOf(kernel: Pick<Kernel, 'id'>, context: KernelContext): Promise<Recipe> {
  const recipe = await readRecipe(kernel.id, context.workspace)
  if (recipe) return recipe
  throw new UserError(`it is not known here how ${kernel.id} is built`, 'only kernels of tree:... are built here')
}

/** The source that a kernel is built from, without its patches: a folder to read from. Throws UserError for any other kernel. */
export async function sourceFolderOf(kernel: Pick<Kernel, 'id'>, context: KernelContext): Promise<string> {
  const recipe = await recipeOf(kernel, context)
  const base = baseFolder(recipe.baseKey, context.workspace)
  return (await exists(base)) ? base : fetchSource(recipe.source, context)
}

/** Where the log of the newest build of a kernel lies: its own, or for one without patches that of the base. */
export async function buildLogOf(kernel: Pick<Kernel, 'id'>, context: KernelContext): Promise<string> {
  const { patches, baseKey, kernel: own } = await recipeOf(kernel, context)
  return join(context.workspace.cache, 'logs', `${patches.length > 0 ? own.id : `base-${baseKey}`}.log`)
}

/**
 * Compile these objects of a kernel (`fs/userfaultfd.o`) once more and give what make and the compiler said. Nothing of the
 * kernel in the cache changes. Throws UserError when they do not compile.
 */
export async function recompile(kernel: Pick<Kernel, 'id'>, objects: readonly string[], context: KernelContext): Promise<string> {
  const recipe = await recipeOf(kernel, context)
  return withLock(treeLock(context.workspace), context.signal, async () => {
    const base = await ensureBase(recipe, context)
    const job = await openBuild(`again-${kernel.id}`, context)
    try {
      await cloneSources(base, job.tree, context)
      await runCommand('cp', ['-a', '--reflink=auto', join(base, 'build'), join(job.tree, 'build')], stopped(context))
      for (const patch of recipe.patches) await applyPatch(patch, recipe, job, context)
      await Promise.all(objects.map((object) => rm(join(job.tree, 'build', object), { force: true })))
      await runMake(job, objects, context)
      return await readFile(job.log, 'utf8')
    } finally {
      await rm(job.tree, { recursive: true, force: true })
    }
  })
}
