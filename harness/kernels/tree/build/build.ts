/**
 * Build kernels from recipes. One base is built per source, config and compiler, and kept with its objects. A kernel with
 * patches is built in a copy of its base, so that make compiles only what the patches change.
 *
 * Kbuild stores absolute paths, so all builds run in one folder, one at a time, and a finished base is moved out of it. The
 * next build removes what a killed build left there.
 */
import { appendFile, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import { buildRoot } from '#harness/support/build-root.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { findDependencies, installCommand, type FoundDependency } from '#harness/host/dependencies.ts'
import { exists, makeFolder } from '#harness/support/workspace.ts'
import { releaseOf } from '#harness/kernels/provider/modules.ts'
import { reportProgress, type KernelContext } from '#harness/kernels/provider/provider.ts'
import type { Patch, Recipe } from '#schema/cache/tree.ts'
import { mergeFragments, droppedSettings } from '../source/config.ts'
import { findSections, joinSections } from '#analysis/patch/sections.ts'
import { runPatch, stripFor } from '#harness/patches/apply.ts'
import { bytesOf } from '#harness/patches/stored.ts'
import { evictTrees, isEvictionDue, touchTree } from './evict.ts'
import { cloneSources, kernelPlace, runLocked, waitForBuild, type BuildPlace } from './files.ts'
import { BUILD, BuildFailure, runMake, type MakeJob } from './make.ts'
import { startIncremental, findNearestBase } from './incremental.ts'
import { estimateObjects, mostObjects, storeObjectCount } from './build-progress.ts'
import { baseFolder, baseKeyOf, compilerVersion } from '../source/recipe.ts'
import { fetchSource } from '../source/source.ts'
import { buildInWorktree, gitPlaceOf, type BuildSteps } from './worktree.ts'

/**
 * Build a recipe and copy its files into `folder`, laid out as in a cache entry. The caller must hold treeLock: one build at
 * a time. Throws UserError when config, patch or source do not fit together, InfraError for the machine.
 */
export async function buildRecipe(recipe: Recipe, folder: string, context: KernelContext): Promise<void> {
  await checkTools()
  if (context.inWorktree && gitPlaceOf(recipe) !== null) {
    return buildInWorktree(recipe, context, stepsOf(recipe, context), ({ tree }) => copyFiles(tree, folder, context))
  }
  const base = await ensureBase(recipe, context)
  if (recipe.patches.length === 0) return copyFiles(base, folder, context)
  const job = await openIncremental(recipe, recipe.kernel.id, context)
  await cloneSources(base, job.tree, context)
  await runLocked(['cp', '-a', '--reflink=auto', join(base, 'build'), join(job.tree, 'build')], context)
  for (const patch of recipe.patches) await applyPatch(patch, recipe, job, context)
  await runMake(job, await targetsOf(job.tree), context)
  await copyFiles(job.tree, folder, context)
  await rm(job.tree, { recursive: true, force: true })
}

function stepsOf(recipe: Recipe, context: KernelContext): BuildSteps {
  return {
    open: () => openIncremental(recipe, recipe.kernel.id, context),
    ensureBase: () => ensureBase(recipe, context),
    configure: (job) => configure(recipe, job, context),
    make: async (job) => void (await runMake(job, await targetsOf(job.tree), context)),
  }
}

/**
 * The folder of a recipe's base in the cache, built when it is missing: source without patches, objects in `build`. External
 * modules can be compiled against it.
 */
export async function ensureBase(recipe: Recipe, context: KernelContext): Promise<string> {
  const { workspace } = context
  const base = baseFolder(recipe.baseKey, workspace)
  const isBuilt = (await findBase(recipe, context)) !== null
  if (!isBuilt) await rm(base, { recursive: true, force: true })
  const built = isBuilt ? null : await buildBase(recipe, base, context)
  await touchTree(base, new Date())
  if (built !== null && (await isEvictionDue(built, workspace))) {
    await evictTrees(workspace, (names) =>
      reportProgress(context, null, `removed from the cache to stay below its size limit: ${names}`),
    )
  }
  return base
}

/** The folder of a recipe's base in the cache; null when it is missing or incomplete. */
export async function findBase({ baseKey }: Recipe, { workspace }: KernelContext): Promise<string | null> {
  const base = baseFolder(baseKey, workspace)
  const isBuilt = (await exists(join(base, 'Makefile'))) && (await exists(join(base, 'build', 'vmlinux')))
  return isBuilt ? base : null
}

/** Build the base and publish it as `base`. Returns whether the build was full or incremental. */
async function buildBase(recipe: Recipe, base: string, context: KernelContext): Promise<'full' | 'incremental'> {
  const { source, fragments, kernel } = recipe
  const compiler = await compilerVersion()
  if (baseKeyOf(source.key, compiler, fragments) !== recipe.baseKey) {
    throw new UserError(`${kernel.id} was planned with another compiler than ${compiler}`, 'select its source again')
  }
  const folder = await fetchSource(source, context)
  await touchTree(folder, new Date())
  const names = fragments.map(({ name }) => name).join('+')
  const job = { ...(await openIncremental(recipe, `base-${recipe.baseKey}`, context)), label: `${source.label} (${names})` }
  const near = await findNearestBase(recipe, compiler, context)
  const started = near === null ? null : await startIncremental(near, folder, job.tree, context)
  if (started) {
    reportProgress(
      context,
      job.label,
      `building the base from one that differs in ${started.differing} file${started.differing === 1 ? '' : 's'}`,
    )
    if (!started.isConfigured) await configure(recipe, job, context)
    await runMake(job, await targetsOf(job.tree), context)
  } else {
    reportProgress(context, job.label, 'building the base; this takes minutes')
    await cloneSources(folder, job.tree, context)
    await mkdir(join(job.tree, 'build'))
    await configure(recipe, job, context)
    const expected = await estimateObjects(recipe, await readFile(join(job.tree, 'build', '.config'), 'utf8'), context)
    await storeObjectCount(recipe, await runMake({ ...job, expected }, await targetsOf(job.tree), context), context)
  }
  await rename(job.tree, base)
  return started ? 'incremental' : 'full'
}

/** Configure: tinyconfig plus the fragments. Throws BuildFailure that lists the config lines that Kconfig dropped. */
async function configure({ source, fragments }: Recipe, job: MakeJob, context: KernelContext): Promise<void> {
  const config = join(job.tree, 'build', '.config')
  await runMake(job, ['tinyconfig'], context)
  await appendFile(config, mergeFragments(fragments))
  await runMake(job, ['olddefconfig'], context)
  const dropped = droppedSettings(fragments, await readFile(config, 'utf8'))
  if (dropped.length === 0) return
  const hint = 'check what the symbol depends on, or append "# if known" to the line'
  throw new BuildFailure(`${source.label}: ${dropped.join('\n  ')}`, hint)
}

/** The same for a build that compiles a part of the kernel. */
async function openIncremental(recipe: Recipe, name: string, context: KernelContext): Promise<MakeJob> {
  return { ...(await openBuild(name, context)), expected: await mostObjects(recipe, context) }
}

/** Empty the build folder of a place and start a log with this name. */
export async function openBuild(
  name: string,
  context: KernelContext,
  place: BuildPlace = kernelPlace(context.workspace),
): Promise<MakeJob> {
  const { cache } = context.workspace
  const { tree, lock } = place
  const [root, logs] = [buildRoot(cache), join(cache, 'logs')]
  if (root !== cache) reportProgress(context, name, `building in ${root}, because make cannot work in ${cache}`)
  await makeFolder(logs)
  await waitForBuild(context, name, place)
  // Take the lock that make holds: children of a killed build may still write for some seconds.
  await runCommand('flock', ['--exclusive', lock, 'rm', '-rf', tree], { signal: context.signal })
  await makeFolder(tree)
  const log = join(logs, `${name}.log`)
  await writeFile(log, '')
  return { label: name, tree, lock, log, expected: null }
}

/** Apply a patch to the tree of a job, without fuzz. Throws UserError that names the first file that does not fit. */
export async function applyPatch(patch: Patch, recipe: Recipe, job: MakeJob, context: KernelContext): Promise<void> {
  const { name } = patch
  // An older recipe holds a whole mail, whose words patch must not see.
  const text = joinSections(findSections(bytesOf(patch), `the patch ${name}`))
  const more = ['--forward', '--batch']
  const { exitCode, stdout } = await runPatch(text, job.tree, {
    strip: stripFor(text, job.tree),
    fuzz: 0,
    more,
    signal: context.signal,
  })
  await appendFile(job.log, `${stdout}\n`)
  if (exitCode === 0) return
  const lines = stdout.split('\n')
  const failed = lines.findIndex((line) => /FAILED|can't find file|malformed|Reversed|Skipping|ignored/.test(line))
  const file = lines.slice(0, failed + 1).findLast((line) => /^(?:patching|checking) file /.test(line))
  const where = [file?.replace(/^\w+ file /, ''), lines[failed]?.trim()].filter(Boolean).join(': ')
  const hint = 'kwitness applies patches without fuzz: rebase it onto this source'
  throw new UserError(`the patch ${name} does not apply to ${recipe.source.label}: ${where}`, hint)
}

const isConfigured = async (tree: string, line: RegExp) => line.test(await readFile(join(tree, 'build', '.config'), 'utf8'))

const hasModules = (tree: string) => isConfigured(tree, /=m$/m)

/** KASAN in 5.10 and 6.1 checks the PVH entry code before its shadow memory exists: such a kernel boots only as bzImage. */
const needsBzImage = (tree: string) => isConfigured(tree, /^CONFIG_KASAN=y$/m)

async function targetsOf(tree: string): Promise<string[]> {
  const [bzImage, modules] = await Promise.all([needsBzImage(tree), hasModules(tree)])
  return ['vmlinux', ...(bzImage ? ['bzImage'] : []), ...(modules ? ['modules'] : [])]
}

/** Copy vmlinux, bzImage where it is needed, config, and the modules, or modules.builtin for a kernel without modules. */
async function copyFiles(tree: string, folder: string, context: KernelContext): Promise<void> {
  const build = join(tree, 'build')
  await runCommand('strip', ['--strip-debug', '-o', join(folder, 'vmlinux'), join(build, 'vmlinux')], { signal: context.signal })
  if (await needsBzImage(tree)) await copyFile(join(build, 'arch', 'x86', 'boot', 'bzImage'), join(folder, 'bzImage'))
  await copyFile(join(build, '.config'), join(folder, 'config'))
  if (await hasModules(tree)) return installModules(tree, folder, context)
  await mkdir(join(folder, 'modules'))
  await copyFile(join(build, 'modules.builtin'), join(folder, 'modules', 'modules.builtin'))
}

async function installModules(tree: string, folder: string, context: KernelContext): Promise<void> {
  const root = await openScratch(buildRoot(context.workspace.cache))
  const install = ['-C', tree, 'O=build', `INSTALL_MOD_PATH=${root}`, 'modules_install']
  await runCommand('make', install, { ...BUILD, signal: context.signal })
  const release = await releaseOf(root)
  if (release === null) throw new InfraError(`make modules_install in ${tree} installed nothing`)
  const modules = join(root, 'lib', 'modules', release)
  await Promise.all(['build', 'source'].map((link) => rm(join(modules, link), { force: true })))
  // The cache may be on another file system.
  await runCommand('mv', ['-T', modules, join(folder, 'modules')], { signal: context.signal })
  await rm(root, { recursive: true })
}

/** Throws InfraError with the install command when a tool that builds need is missing. */
async function checkTools(): Promise<void> {
  const isNeeded = ({ scope, what }: FoundDependency) => scope === 'build' || what === 'gcc' || what === 'make'
  const missing = (await findDependencies()).filter((dependency) => dependency.path === null && isNeeded(dependency))
  if (missing.length === 0) return
  const what = missing.map((dependency) => dependency.what).join(', ')
  const hint = installCommand(
    missing.map((dependency) => dependency.package),
    process.getuid?.() === 0,
  )
  throw new InfraError(`kwitness cannot build kernels here: ${what} missing`, hint)
}
