/** The files of kernel sources: locks, hard-linked copies, and the difference between two sources. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildRoot } from '#harness/support/build-root.ts'
import { runCommand } from '#harness/support/process.ts'
import { makeFolder, type Workspace } from '#harness/support/workspace.ts'
import { withCacheLock } from '#harness/kernels/provider/lock.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'

/** A folder in which sources and objects are put together and make works: the same path each time, one job at a time. */
export interface BuildPlace {
  readonly tree: string
  /** Lock of every process that writes into it, and of its children, which may survive this process for a while. */
  readonly lock: string
}

/** Where kernels are built. */
export function kernelPlace({ cache }: Pick<Workspace, 'cache'>): BuildPlace {
  const root = buildRoot(cache)
  return { tree: join(root, 'trees', 'building'), lock: join(root, 'locks', 'building.lock') }
}

/** Where external modules are built, at the same time as a kernel. */
export function modulesPlace({ cache }: Pick<Workspace, 'cache'>): BuildPlace {
  const root = buildRoot(cache)
  return { tree: join(root, 'trees', 'building-modules'), lock: join(root, 'locks', 'building-modules.lock') }
}

/** Lock of the process that builds from source: one build at a time. */
export const treeLock = ({ cache }: Pick<Workspace, 'cache'>) => ({
  path: join(buildRoot(cache), 'locks', 'tree.lock'),
  name: 'kernel builds',
})

/**
 * Lock of the process that builds external modules: one build at a time, and no base is removed meanwhile. Who needs treeLock,
 * too, takes that one first.
 */
export const modulesLock = ({ cache }: Pick<Workspace, 'cache'>) => ({
  path: join(buildRoot(cache), 'locks', 'modules.lock'),
  name: 'builds of external modules',
})

/** Wait until the last child of a build in this place has ended. One of a killed kwitness may go on for some seconds. */
export async function waitForBuild(
  context: KernelContext,
  kernel: string | null,
  { lock: path }: BuildPlace = kernelPlace(context.workspace),
): Promise<void> {
  const lock = { path, name: 'the end of an earlier build', doing: 'looking for it', kernel }
  await withCacheLock(context, lock, async () => undefined)
}

/** Run a command that writes into a tree of this place, under its lock until the last child has ended. */
export async function runLocked(
  words: readonly string[],
  context: KernelContext,
  { lock }: Pick<BuildPlace, 'lock'> = kernelPlace(context.workspace),
): Promise<void> {
  await makeFolder(dirname(lock))
  await runCommand('flock', ['--exclusive', lock, ...words], { signal: context.signal })
}

/** Copy the sources as hard links: nothing writes to them in place (patch replaces a file that it changes). */
export async function cloneSources(from: string, to: string, context: KernelContext): Promise<void> {
  const all = ['-mindepth', '1', '-maxdepth', '1', '!', '-name', 'build']
  await runLocked(['find', from, ...all, '-exec', 'cp', '-al', '-t', to, '{}', '+'], context)
}

export interface SourceDifference {
  /** Paths that are missing in the first source or differ there. */
  readonly changed: readonly string[]
  /** Those of `changed` that are missing in the first source. */
  readonly added: readonly string[]
  /** Those of `changed` that are symbolic links. */
  readonly links: readonly string[]
  /** Paths that only the first source has. */
  readonly removed: readonly string[]
}

/** Compare two sources by file type, content and execute permission, without folders and without `build`. */
export async function compareSources(from: string, to: string, context: KernelContext): Promise<SourceDifference> {
  const [old, now] = await Promise.all([listFiles(from, context), listFiles(to, context)])
  const added = [...now.keys()].filter((path) => !old.has(path))
  const different = [...now]
    .filter(([path, file]) => old.has(path) && !hasSameAttributes(old.get(path), file))
    .map(([path]) => path)
  const candidates = [...now].filter(
    ([path, file]) => hasSameAttributes(old.get(path), file) && isOtherInode(old.get(path), file),
  )
  const changed = [...added, ...different]
  for (let next = 0; next < candidates.length; next += PARALLEL_READS) {
    const some = candidates.slice(next, next + PARALLEL_READS)
    const same = await Promise.all(some.map(([path]) => haveSameContent(join(from, path), join(to, path))))
    changed.push(...some.filter((_, at) => !same[at]).map(([path]) => path))
  }
  const links = changed.filter((path) => now.get(path)?.kind === 'l')
  return { changed, added, links, removed: [...old.keys()].filter((path) => !now.has(path)) }
}

/** Number of files read in parallel. */
const PARALLEL_READS = 64

/** One file or link, described without reading it. */
interface FileEntry {
  /** The type as find prints it: f or l. */
  readonly kind: string
  /** Execute permission, size, and the target of a link. */
  readonly attributes: string
  readonly inode: string
}

async function listFiles(folder: string, context: KernelContext): Promise<Map<string, FileEntry>> {
  const tests = ['-path', './build', '-prune', '-o', '!', '-type', 'd', '-printf', '%y %m:%s:%l\\t%i %P\\0']
  const { stdout } = await runCommand('find', ['.', ...tests], { signal: context.signal, cwd: folder })
  return new Map(
    stdout.split('\0').flatMap((line): [string, FileEntry][] => {
      const [, kind = '', mode = '', rest = '', inode = '', path] = /^(\w) (\d+):([^\t]*)\t(\d+) (.+)$/s.exec(line) ?? []
      const attributes = `${(Number.parseInt(mode, 8) & 0o100) === 0 ? '-' : 'x'}:${rest}`
      return path === undefined ? [] : [[path, { kind, attributes, inode }]]
    }),
  )
}

const hasSameAttributes = (one: FileEntry | undefined, other: FileEntry) =>
  one?.kind === other.kind && one.attributes === other.attributes

const isOtherInode = (one: FileEntry | undefined, other: FileEntry) => other.kind === 'f' && one?.inode !== other.inode

async function haveSameContent(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([readFile(one), readFile(other)])
  return first.equals(second)
}
