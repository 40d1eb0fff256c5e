/**
 * Trees to compile external modules for kernels built from source. A base is read-only: its sources are linked into a folder
 * for modules alone, and kbuild makes there what modules need in addition. Meanwhile another kernel can be built.
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
import { applyPatch, ensureBase, findBase, openBuild } from './build/build.ts'
import { touchTree } from './build/evict.ts'
import { kernelPlace, modulesLock, modulesPlace, runLocked, treeLock, type BuildPlace } from './build/files.ts'
import { runMake, type MakeJob } from './build/make.ts'
import { readRecipe } from './source/recipe.ts'
import { useWorktree, worktreeWith } from './build/worktree.ts'

/** The build tree of a kernel built from source; or why there is none. */
export async function treeBuildTree(kernel: Kernel, outside: KernelContext): Promise<BuildTree | Unavailable> {
  const recipe = await readRecipe(kernel.id, outside.workspace)
  if (!recipe) return { unavailable: `kwitness does not know any more how ${kernel.id} was built` }
  const texts = recipe.patches.map(bytesOf)
  // Only a patched header changes a module: all other kernels share the modules of their base.
  const isShared = texts.flatMap((text) => touchedFiles(text, 0)).every((file) => /\.[cS]$/.test(file))
  const patches = isShared ? [] : recipe.patches
  const key = patches.length > 0 ? recipe.kernel.id : `base-${recipe.baseKey}`
  const doing = `building external modules for ${kernel.id}`
  const holding = <T>(lock: typeof treeLock, work: (context: KernelContext) => Promise<T>): Promise<T> =>
    withCacheLock(outside, { ...lock(outside.workspace), doing, kernel: kernel.id }, work)

  /** In the worktree, which is where kernels are built; null, with the base built, where it holds another commit. */
  const useOfWorktree = <T>(work: (make: readonly string[]) => Promise<T>) =>
    holding(treeLock, (context) =>
      inTurn(context, async () => {
        const open = () => openBuild(`modules-${key}`, context)
        const used = await useWorktree(recipe, context, open, async (job) => {
          const cleanUp = await prepareModules(job, context)
          const result = await work(['-C', job.tree, 'O=build'])
          await cleanUp()
          return result
        })
        if (used === null) await ensureBase(recipe, context)
        return used
      }),
    )

  /** Beside the base, in a place of their own; null where the base is missing. */
  const useOfBase = <T>(work: (make: readonly string[]) => Promise<T>) =>
    holding(modulesLock, async (context) => {
      const base = await findBase(recipe, context)
      if (base === null) return null
      await touchTree(base, new Date())
      const place = modulesPlace(context.workspace)
      return inTurn(context, async () => {
        const job = await openBuild(`modules-${key}`, context, place)
        try {
          const changed = isShared ? [] : texts.flatMap((text) => touchedFiles(text, stripFor(text, base)))
          await linkBase(base, place, changed, context)
          for (const patch of patches) await applyPatch(patch, recipe, job, context)
          await prepareModules(job, context)
          return { result: await work(['-C', job.tree, 'O=build']) }
        } finally {
          await rm(job.tree, { recursive: true, force: true })
        }
      })
    })

  const use: BuildTree['use'] = async (work) => {
    let isInWorktree = (await worktreeWith(recipe, outside.workspace)) !== null
    for (;;) {
      // A kernel that is ready waits for no other one to be built, unless it has neither a worktree nor a base any more.
      const used = (isInWorktree ? null : await useOfBase(work)) ?? (await useOfWorktree(work))
      if (used) return used.result
      isInWorktree = false
    }
  }
  return { key, use }
}

/** Link the base into the empty folder of a place; the top-level folders in `changed` become copies that patches can write to. */
async function linkBase(base: string, place: BuildPlace, changed: readonly string[], context: KernelContext): Promise<void> {
  const to = place.tree
  // Copy what is written to, and `tools`, whose makefiles resolve their real path; links do for everything else.
  const cloned = new Set(['tools', ...changed.map((file) => file.replace(/\/.*/s, ''))])
  const names = (await readdir(base)).filter((name) => name !== 'build')
  await Promise.all(names.filter((name) => !cloned.has(name)).map((name) => symlink(join(base, name), join(to, name))))
  const clones = names.filter((name) => cloned.has(name)).map((name) => join(base, name))
  const run = (words: readonly string[]): Promise<void> => runLocked(words, context, place)
  if (clones.length > 0) await run(['cp', '-al', '-t', to, ...clones])
  await run(['cp', '-a', '--reflink=auto', join(base, 'build'), join(to, 'build')])
  // Commands of `tools` hold absolute paths: with those of the place it is not built again.
  const rename = ['sed', '-i', `s|${kernelPlace(context.workspace).tree}/|${to}/|g`]
  await run(['find', join(to, 'build'), '-path', '*/build/tools/*', '-name', '.*.cmd', '-exec', ...rename, '{}', '+'])
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
