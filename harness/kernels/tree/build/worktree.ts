/**
 * Build the commits of one repository one after the other in one worktree: git says which files differ between two commits,
 * make compiles those. This copies nothing, and keeps no base for each commit.
 *
 * A build moves the worktree into the build folder, and back when its state is known: a killed build leaves no worktree.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { runGitOnObjects, runScript } from '#harness/support/git.ts'
import { buildRoot } from '#harness/support/build-root.ts'
import { exists, whenUnreadable, type Workspace } from '#harness/support/workspace.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import type { Recipe } from '#schema/cache/tree.ts'
import { touchTree } from './evict.ts'
import { cloneSources, kernelPlace, runLocked } from './files.ts'
import { BuildFailure, type MakeJob } from './make.ts'
import { baseFolder, compilerVersion } from '../source/recipe.ts'

/** File in the build folder with the git tree that the worktree holds. */
const TREE_FILE = join('build', '.kwitness-tree')

/** Repository and revision of a recipe that can be built in a worktree; null for any other recipe. */
export function gitPlaceOf({ source, patches }: Recipe): { readonly path: string; readonly revision: string } | null {
  return source.place.kind === 'git' && patches.length === 0 ? source.place : null
}

/** The steps of a build that the worktree calls. */
export interface BuildSteps {
  readonly open: () => Promise<MakeJob>
  readonly ensureBase: () => Promise<string>
  readonly configure: (job: MakeJob) => Promise<void>
  readonly make: (job: MakeJob) => Promise<void>
}

/**
 * Build the recipe in the worktree of its repository and call `work` to copy what it needs. Throws what the build steps
 * throw; after a BuildFailure the worktree stays usable for the next commit.
 */
export async function buildInWorktree(
  recipe: Recipe,
  context: KernelContext,
  steps: BuildSteps,
  work: (job: MakeJob) => Promise<void>,
): Promise<void> {
  const place = gitPlaceOf(recipe)
  if (place === null) throw new UserError(`${recipe.kernel.id} is not a commit of a git repository`)
  const worktree = await worktreeFolder(recipe, context.workspace)
  const changes = await changesTo(worktree, place, context)
  if (changes === null) await createWorktree(worktree, recipe, place.revision, context, steps)
  const job = await steps.open()
  await rm(job.tree, { recursive: true })
  await rename(worktree, job.tree)
  const putBack = async (): Promise<void> => {
    await writeFile(join(job.tree, TREE_FILE), place.revision)
    await rename(job.tree, worktree)
    await touchTree(worktree, new Date())
  }
  try {
    if (changes !== null) {
      await checkOutChanges(job.tree, place, changes, context)
      if (!changes.every(({ path }) => /\.[chS]$/.test(path) && !path.startsWith('scripts/'))) await steps.configure(job)
      await steps.make(job)
    }
    await work(job)
  } catch (error) {
    // make removes unfinished objects, so a failed build is a known state; after any other error it is unknown.
    if (error instanceof BuildFailure) await putBack()
    throw error
  }
  await putBack()
}

/**
 * Call `work` in the worktree when it holds exactly this recipe. Returns null, with nothing done, when it does not. When the
 * work throws, the state of the worktree is unknown and it is lost.
 */
export async function useWorktree<T>(
  recipe: Recipe,
  context: KernelContext,
  open: () => Promise<MakeJob>,
  work: (job: MakeJob) => Promise<T>,
): Promise<{ readonly result: T } | null> {
  const worktree = await worktreeWith(recipe, context.workspace)
  if (worktree === null) return null
  const job = await open()
  await rm(job.tree, { recursive: true })
  await rename(worktree, job.tree)
  const result = await work(job)
  await rename(job.tree, worktree)
  return { result }
}

/** The worktree that holds exactly this recipe; null where none does. */
export async function worktreeWith(recipe: Recipe, workspace: Workspace): Promise<string | null> {
  const place = gitPlaceOf(recipe)
  if (place === null) return null
  const worktree = await worktreeFolder(recipe, workspace)
  return (await heldTree(worktree)) === place.revision ? worktree : null
}

/** Folder of the worktree for a repository, config and compiler. */
async function worktreeFolder(recipe: Recipe, { cache }: Workspace): Promise<string> {
  const parts = [gitPlaceOf(recipe)?.path, await compilerVersion(), recipe.fragments.map(({ lines }) => lines)]
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
  return join(buildRoot(cache), 'trees', `worktree-${key}`)
}

const heldTree = (worktree: string) => readFile(join(worktree, TREE_FILE), 'utf8').catch(whenUnreadable(null))

/** Create the worktree from the base of this recipe. */
async function createWorktree(
  worktree: string,
  recipe: Recipe,
  tree: string,
  context: KernelContext,
  { ensureBase }: BuildSteps,
): Promise<void> {
  const base = await ensureBase()
  await rm(worktree, { recursive: true, force: true })
  // The name marks it for removal until it is complete.
  const temporary = await mkdtemp(join(dirname(worktree), 'evicted-'))
  await cloneSources(base, temporary, context)
  await runLocked(['cp', '-a', '--reflink=auto', join(base, 'build'), join(temporary, 'build')], context)
  await writeFile(join(temporary, TREE_FILE), tree)
  await rename(temporary, worktree)
  await touchTree(baseFolder(recipe.baseKey, context.workspace), new Date())
}

interface Change {
  readonly path: string
  readonly removed: boolean
}

/**
 * The changes from the worktree's state to a revision. Null when there is no worktree, git does not know its state, or make
 * would miss a difference: a new header may shadow another of its name, and a symbolic link has the modification time of its
 * target.
 */
async function changesTo(
  worktree: string,
  { path, revision }: { readonly path: string; readonly revision: string },
  context: KernelContext,
): Promise<Change[] | null> {
  const held = await heldTree(worktree)
  if (held === null || !(await exists(worktree))) return null
  const args = ['diff-tree', '-r', '-z', '--no-renames', '--raw', held, revision]
  const { stdout, exitCode } = await runGitOnObjects(path, args, { signal: context.signal, anyExit: true })
  return exitCode === 0 ? parseChanges(stdout) : null
}

/** Parse `git diff-tree -r -z --raw`; null for a difference that make would miss. */
export function parseChanges(text: string): Change[] | null {
  const words = text.split('\0').filter((word) => word !== '')
  const changes: Change[] = []
  for (let at = 0; at + 1 < words.length; at += 2) {
    const [, oldMode, newMode, status] = /^:(\d+) (\d+) \w+ \w+ ([A-Z])/.exec(words[at] ?? '') ?? []
    const path = words[at + 1] ?? ''
    const isHidden = status === 'A' && /(?:^|\/)include\/.*\.h$/.test(path)
    if (status === undefined || isHidden || oldMode === '120000' || newMode === '120000') return null
    changes.push({ path, removed: status === 'D' })
  }
  return changes
}

/** Change the sources to another git tree. They are hard links shared with other trees, so changed files are replaced. */
async function checkOutChanges(
  tree: string,
  { path, revision }: { readonly path: string; readonly revision: string },
  changes: readonly Change[],
  context: KernelContext,
): Promise<void> {
  await Promise.all(changes.map((change) => rm(join(tree, change.path), { force: true })))
  const paths = changes.filter(({ removed }) => !removed).map((change) => change.path)
  if (paths.length === 0) return
  // -m: git stores times in whole seconds, which may lie before the time of an object made just now.
  const script = `flock --exclusive "$1" xargs -0r -n 500 bash -c 'set -euo pipefail
git --literal-pathspecs archive "$1" -- "\${@:2}" | tar -xm -C "$0"' "$2" "$3"`
  const input = paths.map((one) => `${one}\0`).join('')
  const args = [kernelPlace(context.workspace).lock, tree, revision]
  await runScript(script, args, { signal: context.signal, input, objectsOf: path })
}
