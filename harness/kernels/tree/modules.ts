/**
 * Trees to compile external modules for kernels built from source. A base is read-only: its sources are linked into the
 * build folder, where the absolute paths of kbuild are valid, and kbuild makes there what modules need in addition.
 */
import { copyFile, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kernel } from '#domain/kernel.ts'
import { touchedFiles } from '#analysis/patch/diff.ts'
import { stripFor } from '#harness/patches/apply.ts'
import { bytesOf } from '#harness/patches/stored.ts'
import { exists } from '#harness/support/workspace.ts'
import { withCacheLock } from '../provider/lock.ts'
import { inTurn, type BuildTree, type KernelContext, type Unavailable } from '../provider/provider.ts'
import { applyPatch, ensureBase, openBuild } from './build/build.ts'
import { runLocked, treeLock } from './build/files.ts'
import { runMake, type MakeJob } from './build/make.ts'
import { readRecipe } from './source/recipe.ts'
import { useWorktree } from './build/worktree.ts'

/** The build tree of a kernel built from source; or why there is none. */
export async function treeBuildTree(kernel: Kernel, outside: KernelContext): Promise<BuildTree | Unavailable> {
  const recipe = await readRecipe(kernel.id, outside.workspace)
  if (!recipe) return { unavailable: `kwitness does not know any more how ${kernel.id} was built` }
  const texts = recipe.patches.map(bytesOf)
  // Only a patched header changes a module: all other kernels share the modules of their base.
  const isShared = texts.flatMap((text) => touchedFiles(text, 0)).every((file) => /\.[cS]$/.test(file))
  const patches = isShared ? [] : recipe.patches
  const key = patches.length > 0 ? recipe.kernel.id : `base-${recipe.baseKey}`
  const lock = { ...treeLock(outside.workspace), doing: `building external modules for ${kernel.id}`, kernel: kernel.id }
  const use: BuildTree['use'] = (work) =>
    withCacheLock(outside, lock, (context) =>
      inTurn(context, async () => {
        const inWorktree = await useWorktree(
          recipe,
          context,
          () => openBuild(`modules-${key}`, context),
          async (job) => {
            const cleanUp = await prepareModules(job, context)
            const result = await work(['-C', job.tree, 'O=build'])
            await cleanUp()
            return result
          },
        )
        if (inWorktree) return inWorktree.result
        const base = await ensureBase(recipe, context)
        const job = await openBuild(`modules-${key}`, context)
        try {
          const changed = isShared ? [] : texts.flatMap((text) => touchedFiles(text, stripFor(text, base)))
          await linkBase(base, job.tree, changed, context)
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

/** Link the base into the empty folder `to`; the top-level folders in `changed` become copies that patches can write to. */
async function linkBase(base: string, to: string, changed: readonly string[], context: KernelContext): Promise<void> {
  // Copy what is written to, and `tools`, whose makefiles resolve their real path; links do for everything else.
  const cloned = new Set(['tools', ...changed.map((file) => file.replace(/\/.*/s, ''))])
  const names = (await readdir(base)).filter((name) => name !== 'build')
  await Promise.all(names.filter((name) => !cloned.has(name)).map((name) => symlink(join(base, name), join(to, name))))
  const clones = names.filter((name) => cloned.has(name)).map((name) => join(base, name))
  if (clones.length > 0) await runLocked(['cp', '-al', '-t', to, ...clones], context)
  await runLocked(['cp', '-a', '--reflink=auto', join(base, 'build'), join(to, 'build')], context)
}

/** Make what modules need. Returns a function that removes it, because the next commit in a worktree has other symbols. */
async function prepareModules(job: MakeJob, context: KernelContext): Promise<() => Promise<void>> {
  // A kernel built without modules lists its exported symbols only in vmlinux.symvers.
  const build = join(job.tree, 'build')
  const [symbols, ofKernel] = [join(build, 'Module.symvers'), join(build, 'vmlinux.symvers')]
  const isCopied = !(await exists(symbols))
  if (isCopied) await copyFile(ofKernel, symbols)
  await runMake(job, ['modules_prepare'], context)
  return () => (isCopied ? rm(symbols) : Promise.resolve())
}
