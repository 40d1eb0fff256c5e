/**
 * Kernels built from recipes. One base is built per source, config and compiler and kept with its objects; a kernel with
 * patches is a copy of it, where make finds only what the patches touch to be done.
 *
 * Kbuild writes absolute paths into what it remembers, so all builds take place in one folder, one after the other, and are
 * moved away when they are whole. What a killed build leaves there is removed by the next.
 */
import { appendFile, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InfraError, UserError } from '../../src/domain/errors.ts'
import { runCommand } from '../process.ts'
import { findNeeds, installLine } from '../needs.ts'
import { exists } from '../workspace.ts'
import { releaseOf } from './modules.ts'
import { say, type KernelContext } from './provider.ts'
import { mergeFragments, missedLines } from './tree-config.ts'
import { runMake, type MakeJob } from './tree-make.ts'
import type { Patch, Recipe } from './tree-recipe.ts'
import { bringSource } from './tree-source.ts'

/**
 * Build what a recipe says and put its files into `folder`, as they lie in a cache entry. One build at a time: whoever
 * calls holds the lock of all builds. Throws UserError when config, patch or source do not fit, InfraError for the machine.
 */
export async function buildRecipe(recipe: Recipe, folder: string, context: KernelContext): Promise<void> {
  await checkTools()
  const base = await bringBase(recipe, context)
  if (recipe.patches.length === 0) return takeFiles(base, folder, context)
  const job = await openBuild(recipe.kernel.id, context)
  await cloneSources(base, job.tree, context)
  await runCommand('cp', ['-a', '--reflink=auto', join(base, 'build'), join(job.tree, 'build')], stopped(context))
  for (const patch of recipe.patches) await applyPatch(patch, recipe, job, context)
  await runMake(job, await targetsOf(job.tree), context)
  await takeFiles(job.tree, folder, context)
  await rm(job.tree, { recursive: true, force: true })
}

/** The tree of a recipe without its patches, in the cache: source, and objects in `build`. Modules may be built against it. */
export async function bringBase(recipe: Recipe, context: KernelContext): Promise<string> {
  const base = join(context.workspace.cache, 'trees', `base-${recipe.baseKey}`)
  if (await exists(base)) return base
  const source = await bringSource(recipe.source, context)
  const label = `${recipe.source.label} (${recipe.fragments.map(({ name }) => name).join('+')})`
  const job = { ...(await openBuild(`base-${recipe.baseKey}`, context)), label }
  say(context, label, 'building the base, some minutes')
  await cloneSources(source, job.tree, context)
  const build = join(job.tree, 'build')
  await mkdir(build)
  await runMake(job, ['tinyconfig'], context)
  await appendFile(join(build, '.config'), mergeFragments(recipe.fragments))
  await runMake(job, ['olddefconfig'], context)
  const missed = missedLines(recipe.fragments, await readFile(join(build, '.config'), 'utf8'))
  if (missed.length > 0) {
    const hint = 'see what the symbol depends on, or write # if known behind it'
    throw new UserError(`${recipe.source.label}: ${missed.join('\n  ')}`, hint)
  }
  await runMake(job, await targetsOf(job.tree), context)
  await rename(job.tree, base)
  return base
}

/** The folder of builds, empty, and the log of this one, begun. */
export async function openBuild(name: string, context: KernelContext): Promise<MakeJob> {
  const { cache } = context.workspace
  const [tree, lock, logs] = [join(cache, 'trees', 'building'), join(cache, 'locks', 'building.lock'), join(cache, 'logs')]
  await mkdir(logs, { recursive: true })
  // Under the lock that make holds: children of a killed build may be at work there for some seconds more.
  await runCommand('flock', ['--exclusive', lock, 'rm', '-rf', tree], stopped(context))
  await mkdir(tree, { recursive: true })
  const log = join(logs, `${name}.log`)
  await writeFile(log, '')
  return { label: name, tree, lock, log }
}

/** The same sources once more, as links: nothing writes to them in place (patch replaces a file that it changes). */
export async function cloneSources(from: string, to: string, context: KernelContext): Promise<void> {
  const script = 'cd "$1" && find . -mindepth 1 -maxdepth 1 ! -name build -exec cp -al -t "$2" {} +'
  await runCommand('bash', ['-c', script, 'bash', from, to], stopped(context))
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

const hasModules = async (tree: string) => /=m$/m.test(await readFile(join(tree, 'build', '.config'), 'utf8'))

const targetsOf = async (tree: string) => ((await hasModules(tree)) ? ['vmlinux', 'modules'] : ['vmlinux'])

/** vmlinux, config, the names of what is built in, and the modules where there are any. */
async function takeFiles(tree: string, folder: string, context: KernelContext): Promise<void> {
  const build = join(tree, 'build')
  await runCommand('strip', ['--strip-debug', '-o', join(folder, 'vmlinux'), join(build, 'vmlinux')], stopped(context))
  await copyFile(join(build, '.config'), join(folder, 'config'))
  if (await hasModules(tree)) return takeModules(tree, folder, context)
  await mkdir(join(folder, 'modules'))
  await copyFile(join(build, 'modules.builtin'), join(folder, 'modules', 'modules.builtin'))
}

async function takeModules(tree: string, folder: string, context: KernelContext): Promise<void> {
  const root = join(folder, 'modules-root')
  await runCommand('make', ['-C', tree, 'O=build', `INSTALL_MOD_PATH=${root}`, 'modules_install'], stopped(context))
  const release = await releaseOf(root)
  if (release === null) throw new InfraError(`modules_install of ${tree} installed nothing`)
  const modules = join(root, 'lib', 'modules', release)
  await Promise.all(['build', 'source'].map((link) => rm(join(modules, link), { force: true })))
  await rename(modules, join(folder, 'modules'))
  await rm(root, { recursive: true })
}

/** Throws InfraError with the one line that installs what building needs. */
async function checkTools(): Promise<void> {
  const missing = (await findNeeds()).filter(({ scope, path }) => scope === 'build' && path === null)
  if (missing.length === 0) return
  const what = missing.map((need) => need.what).join(', ')
  const hint = installLine(missing.map((need) => need.package), process.getuid?.() === 0)
  throw new InfraError(`kernels cannot be built here: ${what} missing`, hint)
}

/** How a command is told that nobody waits for it any more. */
export const stopped = ({ signal }: KernelContext) => (signal === undefined ? {} : { signal })
