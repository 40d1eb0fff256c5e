/**
 * Kernels built from recipes. One base is built per source, config and compiler and kept with its objects; a kernel with
 * patches is a copy of it, where make finds only what the patches touch to be done.
 *
 * Kbuild writes absolute paths into what it remembers, so all builds take place in one folder, one after the other, and are
 * moved away when they are whole. What a killed build leaves there is removed by the next.
 */
import { appendFile, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import { findDependencies, installCommand, type FoundDependency } from '#harness/host/dependencies.ts'
import { exists } from '#harness/support/workspace.ts'
import { releaseOf } from '../provider/modules.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'
import { mergeFragments, missedLines } from './config.ts'
import { evictTrees, isEvictionDue, touchTree } from './evict.ts'
import { buildingLock, cloneSources, runHeld, stopped } from './files.ts'
import { BUILD_ENVIRONMENT, BuildFailure, runMake, type MakeJob } from './make.ts'
import { beginIncremental, findIncremental } from './incremental.ts'
import { expectObjects, rememberObjectCounts } from './build-progress.ts'
import { baseFolder, baseKeyOf, compilerVersion, type Patch, type Recipe } from './recipe.ts'
import { fetchSource } from './source.ts'
import { buildInWorktree, gitPlaceOf, type Builders } from './worktree.ts'

/**
 * Build what a recipe says and put its files into `folder`, as they lie in a cache entry. One build at a time: whoever
 * calls holds the lock of all builds. Throws UserError when config, patch or source do not fit, InfraError for the machine.
 */
export async function buildRecipe(recipe: Recipe, folder: string, context: KernelContext): Promise<void> {
  await checkTools()
  if (context.inWorktree && gitPlaceOf(recipe) !== null) {
    return buildInWorktree(recipe, context, buildersOf(recipe, context), ({ tree }) => takeFiles(tree, folder, context))
  }
  const base = await ensureBase(recipe, context)
  if (recipe.patches.length === 0) return takeFiles(base, folder, context)
  const job = await openBuild(recipe.kernel.id, context)
  await cloneSources(base, job.tree, context)
  await runHeld(['cp', '-a', '--reflink=auto', join(base, 'build'), join(job.tree, 'build')], context)
  for (const patch of recipe.patches) await applyPatch(patch, recipe, job, context)
  await runMake(job, await targetsOf(job.tree), context)
  await takeFiles(job.tree, folder, context)
  await rm(job.tree, { recursive: true, force: true })
}

function buildersOf(recipe: Recipe, context: KernelContext): Builders {
  return {
    open: () => openBuild(recipe.kernel.id, context),
    ensureBase: () => ensureBase(recipe, context),
    configure: (job) => configure(recipe, job, context),
    make: async (job) => void (await runMake(job, await targetsOf(job.tree), context)),
  }
}

/** The tree of a recipe without its patches, in the cache: source, and objects in `build`. Modules may be built against it. */
export async function ensureBase(recipe: Recipe, context: KernelContext): Promise<string> {
  const { workspace } = context
  const base = baseFolder(recipe.baseKey, workspace)
  const built = (await exists(base)) ? null : await buildBase(recipe, base, context)
  await touchTree(base, new Date())
  if (built !== null && (await isEvictionDue(built, workspace))) {
    await evictTrees(workspace, (names) => reportProgress(context, null, `removed to keep the cache in its bounds: ${names}`))
  }
  return base
}

/** Build it, from nothing or near another one: that is given. */
async function buildBase(recipe: Recipe, base: string, context: KernelContext): Promise<'whole' | 'near'> {
  const { source, fragments, kernel } = recipe
  const compiler = await compilerVersion()
  if (baseKeyOf(source.key, compiler, fragments) !== recipe.baseKey) {
    throw new UserError(`${kernel.id} was planned with another compiler than ${compiler}`, 'name its source again')
  }
  const folder = await fetchSource(source, context)
  await touchTree(folder, new Date())
  const names = fragments.map(({ name }) => name).join('+')
  const job = { ...(await openBuild(`base-${recipe.baseKey}`, context)), label: `${source.label} (${names})` }
  const near = await findIncremental(recipe, compiler, context)
  const begun = near === null ? null : await beginIncremental(near, folder, job.tree, context)
  if (begun) {
    reportProgress(
      context,
      job.label,
      `building the base from one that differs in ${begun.differ} file${begun.differ === 1 ? '' : 's'}`,
    )
    if (!begun.configured) await configure(recipe, job, context)
    await runMake(job, await targetsOf(job.tree), context)
  } else {
    reportProgress(context, job.label, 'building the base, some minutes')
    await cloneSources(folder, job.tree, context)
    await mkdir(join(job.tree, 'build'))
    await configure(recipe, job, context)
    const expected = await expectObjects(recipe, await readFile(join(job.tree, 'build', '.config'), 'utf8'), context)
    await rememberObjectCounts(recipe, await runMake({ ...job, expected }, await targetsOf(job.tree), context), context)
  }
  await rename(job.tree, base)
  return begun ? 'near' : 'whole'
}

/** tinyconfig with the fragments upon it. Throws BuildFailure with the lines that did not take. */
async function configure({ source, fragments }: Recipe, job: MakeJob, context: KernelContext): Promise<void> {
  const config = join(job.tree, 'build', '.config')
  await runMake(job, ['tinyconfig'], context)
  await appendFile(config, mergeFragments(fragments))
  await runMake(job, ['olddefconfig'], context)
  const missed = missedLines(fragments, await readFile(config, 'utf8'))
  if (missed.length === 0) return
  const hint = 'see what the symbol depends on, or write # if known behind it'
  throw new BuildFailure(`${source.label}: ${missed.join('\n  ')}`, hint)
}

/** The folder of builds, empty, and the log of this one, begun. */
export async function openBuild(name: string, context: KernelContext): Promise<MakeJob> {
  const { cache } = context.workspace
  const [tree, lock, logs] = [join(cache, 'trees', 'building'), buildingLock(context.workspace), join(cache, 'logs')]
  await mkdir(logs, { recursive: true })
  // Under the lock that make holds: children of a killed build may be at work there for some seconds more.
  await runCommand('flock', ['--exclusive', lock, 'rm', '-rf', tree], stopped(context))
  await mkdir(tree, { recursive: true })
  const log = join(logs, `${name}.log`)
  await writeFile(log, '')
  return { label: name, tree, lock, log, expected: null }
}

/** Apply a patch to the tree of a job, exactly where its context is. Throws UserError that names what does not fit. */
export async function applyPatch({ name, text }: Patch, recipe: Recipe, job: MakeJob, context: KernelContext): Promise<void> {
  const args = ['-p1', '--fuzz=0', '--forward', '--batch', '--no-backup-if-mismatch', '--reject-file=-', '-d', job.tree]
  const options = { ...stopped(context), input: text, anyExit: true, env: { LC_ALL: 'C' } }
  const { exitCode, stdout } = await runCommand('patch', args, options)
  await appendFile(job.log, `${stdout}\n`)
  if (exitCode === 0) return
  const lines = stdout.split('\n')
  const failed = lines.findIndex((line) => /FAILED|can't find file|malformed|Reversed|Skipping|ignored/.test(line))
  const file = lines.slice(0, failed + 1).findLast((line) => /^(?:patching|checking) file /.test(line))
  const where = [file?.replace(/^\w+ file /, ''), lines[failed]?.trim()].filter(Boolean).join(': ')
  const hint = 'it must fit exactly (no fuzz): write it again for this source'
  throw new UserError(`the patch ${name} does not apply to ${recipe.source.label}: ${where}`, hint)
}

const isConfigured = async (tree: string, line: RegExp) => line.test(await readFile(join(tree, 'build', '.config'), 'utf8'))

const hasModules = (tree: string) => isConfigured(tree, /=m$/m)

/** KASAN may check the code that enters by PVH, before it has its shadow (5.10 and 6.1 do): then only a bzImage boots. */
const needsBzImage = (tree: string) => isConfigured(tree, /^CONFIG_KASAN=y$/m)

async function targetsOf(tree: string): Promise<string[]> {
  const [bzImage, modules] = await Promise.all([needsBzImage(tree), hasModules(tree)])
  return ['vmlinux', ...(bzImage ? ['bzImage'] : []), ...(modules ? ['modules'] : [])]
}

/** vmlinux, bzImage where it is needed, config, the names of what is built in, and the modules where there are any. */
async function takeFiles(tree: string, folder: string, context: KernelContext): Promise<void> {
  const build = join(tree, 'build')
  await runCommand('strip', ['--strip-debug', '-o', join(folder, 'vmlinux'), join(build, 'vmlinux')], stopped(context))
  if (await needsBzImage(tree)) await copyFile(join(build, 'arch', 'x86', 'boot', 'bzImage'), join(folder, 'bzImage'))
  await copyFile(join(build, '.config'), join(folder, 'config'))
  if (await hasModules(tree)) return takeModules(tree, folder, context)
  await mkdir(join(folder, 'modules'))
  await copyFile(join(build, 'modules.builtin'), join(folder, 'modules', 'modules.builtin'))
}

async function takeModules(tree: string, folder: string, context: KernelContext): Promise<void> {
  const root = join(folder, 'modules-root')
  const install = ['-C', tree, 'O=build', `INSTALL_MOD_PATH=${root}`, 'modules_install']
  await runCommand('make', install, { ...stopped(context), env: BUILD_ENVIRONMENT })
  const release = await releaseOf(root)
  if (release === null) throw new InfraError(`modules_install of ${tree} installed nothing`)
  const modules = join(root, 'lib', 'modules', release)
  await Promise.all(['build', 'source'].map((link) => rm(join(modules, link), { force: true })))
  await rename(modules, join(folder, 'modules'))
  await rm(root, { recursive: true })
}

/** Throws InfraError with the one line that installs what building needs. */
async function checkTools(): Promise<void> {
  const isNeeded = ({ scope, what }: FoundDependency) => scope === 'build' || what === 'gcc' || what === 'make'
  const missing = (await findDependencies()).filter((need) => need.path === null && isNeeded(need))
  if (missing.length === 0) return
  const what = missing.map((need) => need.what).join(', ')
  const hint = installCommand(
    missing.map((need) => need.package),
    process.getuid?.() === 0,
  )
  throw new InfraError(`kernels cannot be built here: ${what} missing`, hint)
}
