/**
 * One worktree for the commits of a repository that are built one after the other: git says in what two of them differ, and
 * make compiles that. Nothing is copied, and no base is left behind for each.
 *
 * A worktree is away while it is built in, and comes back when what it holds is known: so a killed build leaves none.
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import { exists, type Workspace } from '#harness/support/workspace.ts'
import type { KernelContext } from '../provider/provider.ts'
import { touchTree } from './evict.ts'
import { buildingLock, cloneSources, runHeld, stopped } from './files.ts'
import { BuildFailure, type MakeJob } from './make.ts'
import { baseFolder, compilerVersion, type Recipe } from './recipe.ts'

/** Where it stands: the git tree that its source is, inside what is built. */
const MARK = join('build', '.kwitness-tree')

/** A recipe that a worktree can be made for; null for any other. */
export function gitPlaceOf({ source, patches }: Recipe): { readonly path: string; readonly revision: string } | null {
  return source.place.kind === 'git' && patches.length === 0 ? source.place : null
}

/** How to build, from those who know: a whole base, and what make needs to be told. */
export interface Builders {
  readonly open: () => Promise<MakeJob>
  readonly ensureBase: () => Promise<string>
  readonly configure: (job: MakeJob) => Promise<void>
  readonly make: (job: MakeJob) => Promise<void>
}

/**
 * Build the recipe in the worktree of its repository and let `work` take from it what it needs. Throws what building throws;
 * after a BuildFailure the worktree is good for the next commit all the same.
 */
export async function buildInWorktree(
  recipe: Recipe,
  context: KernelContext,
  builders: Builders,
  work: (job: MakeJob) => Promise<void>,
): Promise<void> {
  const place = gitPlaceOf(recipe)
  if (place === null) throw new UserError(`${recipe.kernel.id} is no commit of a git repository`)
  const home = await worktreeFolder(recipe, context.workspace)
  const moved = await differenceTo(home, place, context)
  if (moved === null) await beginWorktree(home, recipe, place.revision, context, builders)
  const job = await builders.open()
  await rm(job.tree, { recursive: true })
  await rename(home, job.tree)
  const back = async (): Promise<void> => {
    await writeFile(join(job.tree, MARK), place.revision)
    await rename(job.tree, home)
    await touchTree(home, new Date())
  }
  try {
    if (moved !== null) {
      await checkOut(job.tree, place, moved, context)
      if (!moved.every(({ path }) => /\.[chS]$/.test(path) && !path.startsWith('scripts/'))) await builders.configure(job)
      await builders.make(job)
    }
    await work(job)
  } catch (error) {
    // make takes away what it did not finish; of anything else nothing is known.
    if (error instanceof BuildFailure) await back()
    throw error
  }
  await back()
}

/**
 * Let `work` at the worktree where it stands at this very recipe; null, with nothing done, where it does not. When the work
 * throws, nothing is known of the worktree any more, and it is gone.
 */
export async function visitWorktree<T>(
  recipe: Recipe,
  context: KernelContext,
  open: () => Promise<MakeJob>,
  work: (job: MakeJob) => Promise<T>,
): Promise<{ readonly result: T } | null> {
  const place = gitPlaceOf(recipe)
  if (place === null) return null
  const home = await worktreeFolder(recipe, context.workspace)
  if ((await standOf(home)) !== place.revision) return null
  const job = await open()
  await rm(job.tree, { recursive: true })
  await rename(home, job.tree)
  const result = await work(job)
  await rename(job.tree, home)
  return { result }
}

/** A worktree is of one repository, config and compiler. */
async function worktreeFolder(recipe: Recipe, { cache }: Workspace): Promise<string> {
  const parts = [gitPlaceOf(recipe)?.path, await compilerVersion(), recipe.fragments.map(({ lines }) => lines)]
  const key = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
  return join(cache, 'trees', `worktree-${key}`)
}

const standOf = (home: string) => readFile(join(home, MARK), 'utf8').catch(() => null)

/** A new one, from the base of this very recipe. */
async function beginWorktree(
  home: string,
  recipe: Recipe,
  tree: string,
  context: KernelContext,
  { ensureBase }: Builders,
): Promise<void> {
  const base = await ensureBase()
  await rm(home, { recursive: true, force: true })
  // By the name of what is to be removed, until it is whole.
  const temporary = await mkdtemp(join(dirname(home), 'evicted-'))
  await cloneSources(base, temporary, context)
  await runHeld(['cp', '-a', '--reflink=auto', join(base, 'build'), join(temporary, 'build')], context)
  await writeFile(join(temporary, MARK), tree)
  await rename(temporary, home)
  await touchTree(baseFolder(recipe.baseKey, context.workspace), new Date())
}

interface Change {
  readonly path: string
  readonly removed: boolean
}

/**
 * What has to be done to a worktree. Null where there is none, git does not know what it holds, or make could not see a
 * difference: a header that is new may come before another of its name, and a symbolic link is as old as what it points to.
 */
async function differenceTo(
  home: string,
  { path, revision }: { readonly path: string; readonly revision: string },
  context: KernelContext,
): Promise<Change[] | null> {
  const stand = await standOf(home)
  if (stand === null || !(await exists(home))) return null
  const args = ['-C', path, 'diff-tree', '-r', '-z', '--no-renames', '--raw', stand, revision]
  const { stdout, exitCode } = await runCommand('git', args, { ...stopped(context), anyExit: true })
  return exitCode === 0 ? readDifference(stdout) : null
}

/** Read `git diff-tree -r -z --raw`; null for a difference that make could not see. */
export function readDifference(text: string): Change[] | null {
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

/** Bring the sources to another tree. They are links to what others have, so a file that changes is made anew. */
async function checkOut(
  tree: string,
  { path, revision }: { readonly path: string; readonly revision: string },
  changes: readonly Change[],
  context: KernelContext,
): Promise<void> {
  await Promise.all(changes.map((change) => rm(join(tree, change.path), { force: true })))
  const paths = changes.filter(({ removed }) => !removed).map((change) => change.path)
  if (paths.length === 0) return
  // -m: the time git gives is of whole seconds, and may be before that of an object made just now.
  const script = `set -euo pipefail
xargs -0r -n 500 bash -c 'set -euo pipefail
git -C "$0" --literal-pathspecs archive "$2" -- "\${@:3}" | tar -xm -C "$1"' "$1" "$2" "$3"`
  const input = paths.map((one) => `${one}\0`).join('')
  const held = ['--exclusive', buildingLock(context.workspace), 'bash', '-c', script, 'bash', path, tree, revision]
  await runCommand('flock', held, { ...stopped(context), input })
}
