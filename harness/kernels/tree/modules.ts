/**
 * What our own kernels offer to compile modules against. The base has most of it, but nobody writes to a base: its sources
 * are shown again in the folder of builds, where what kbuild remembers of paths holds, and what is missing is made there.
 */
import { copyFile, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kernel } from '#domain/kernel.ts'
import { exists } from '#harness/support/workspace.ts'
import { withLock } from '#harness/support/lock.ts'
import { inTurn, type BuildTree, type KernelContext, type Missing } from '../provider/provider.ts'
import { applyPatch, ensureBase, openBuild } from './build.ts'
import { runHeld, treeLock } from './files.ts'
import { runMake, type MakeJob } from './make.ts'
import { readRecipe } from './recipe.ts'
import { visitWorktree } from './worktree.ts'

/** The build tree of a kernel built from source; or why there is none. */
export async function treeBuildTree(kernel: Kernel, context: KernelContext): Promise<BuildTree | Missing> {
  const recipe = await readRecipe(kernel.id, context.workspace)
  if (!recipe) return { missing: `it is not known any more how ${kernel.id} was built` }
  const changed = recipe.patches.flatMap(({ text }) => changedFiles(text))
  // Patches that change no header change nothing for a module: all such kernels share those of their base.
  const patches = changed.some((file) => !/\.[cS]$/.test(file)) ? recipe.patches : []
  const key = patches.length > 0 ? recipe.kernel.id : `base-${recipe.baseKey}`
  const use: BuildTree['use'] = (work) =>
    withLock(treeLock(context.workspace), context.signal, () =>
      inTurn(context, async () => {
        const inWorktree = await visitWorktree(
          recipe,
          context,
          () => openBuild(`modules-${key}`, context),
          async (job) => {
            const tidyUp = await prepareModules(job, context)
            const result = await work(['-C', job.tree, 'O=build'])
            await tidyUp()
            return result
          },
        )
        if (inWorktree) return inWorktree.result
        const base = await ensureBase(recipe, context)
        const job = await openBuild(`modules-${key}`, context)
        try {
          await showBase(base, job.tree, patches.length > 0 ? changed : [], context)
          for (const patch of patches) await applyPatch(patch, recipe, job, context)
          await prepareModules(job, context)
          return await work(['-C', job.tree, 'O=build'])
        } finally {
          await rm(job.tree, { recursive: true, force: true })
        }
      }),
    )
  return { key, use }
}

/** The files a patch changes, makes or removes. */
export function changedFiles(patch: string): string[] {
  const named = [...patch.matchAll(/^(?:---|\+\+\+) [^\s/]+\/([^\t\n]+)/gm)].map(([, file]) => file ?? '')
  return [...new Set(named)]
}

/** The base once more in the empty folder `to`, ready for patches that change these files of its source. */
async function showBase(base: string, to: string, changed: readonly string[], context: KernelContext): Promise<void> {
  // Links to folders will do but where something is written, or asked where it really is, as the makefiles of tools do.
  const cloned = new Set(['tools', ...changed.map((file) => file.replace(/\/.*/s, ''))])
  const names = (await readdir(base)).filter((name) => name !== 'build')
  await Promise.all(names.filter((name) => !cloned.has(name)).map((name) => symlink(join(base, name), join(to, name))))
  const clones = names.filter((name) => cloned.has(name)).map((name) => join(base, name))
  if (clones.length > 0) await runHeld(['cp', '-al', '-t', to, ...clones], context)
  await runHeld(['cp', '-a', '--reflink=auto', join(base, 'build'), join(to, 'build')], context)
}

/** What is missing for modules. Gives what takes it away again: the next commit in a worktree has symbols of its own. */
async function prepareModules(job: MakeJob, context: KernelContext): Promise<() => Promise<void>> {
  // Where no module was built with the kernel, what it exports is listed under its own name alone.
  const build = join(job.tree, 'build')
  const [symbols, ofKernel] = [join(build, 'Module.symvers'), join(build, 'vmlinux.symvers')]
  const isMade = !(await exists(symbols))
  if (isMade) await copyFile(ofKernel, symbols)
  await runMake(job, ['modules_prepare'], context)
  return () => (isMade ? rm(symbols) : Promise.resolve())
}
