/** The files of a kernel source, and in what two sources differ. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import type { Workspace } from '#harness/support/workspace.ts'
import type { KernelContext } from '../provider/provider.ts'

/** Held by whatever writes into a tree, its children too: they may go on for a while when this process is gone. */
export const buildingLock = ({ cache }: Workspace) => join(cache, 'locks', 'building.lock')

/** Held by whoever builds from source: one at a time. */
export const treeLock = ({ cache }: Workspace) => join(cache, 'locks', 'tree.lock')

/** Run a command that writes into a tree, so that nobody takes the tree away before the last of its children is done. */
export async function runHeld(words: readonly string[], context: KernelContext): Promise<void> {
  const lock = buildingLock(context.workspace)
  await mkdir(dirname(lock), { recursive: true })
  await runCommand('flock', ['--exclusive', lock, ...words], stopped(context))
}

/** The same sources once more, as links: nothing writes to them in place (patch replaces a file that it changes). */
export async function cloneSources(from: string, to: string, context: KernelContext): Promise<void> {
  const script = 'cd "$1" && find . -mindepth 1 -maxdepth 1 ! -name build -exec cp -al -t "$2" {} +'
  await runHeld(['bash', '-c', script, 'bash', from, to], context)
}

export interface Difference {
  /** Paths that are not in the first one, or are something else there. */
  readonly changed: readonly string[]
  /** Those of them that are not in the first one. */
  readonly added: readonly string[]
  /** Those of them that are symbolic links. */
  readonly links: readonly string[]
  /** Paths that are in the first one alone. */
  readonly removed: readonly string[]
}

/** In what `to` differs from `from`: by kind, content, and who may run it; without folders and what is built. */
export async function compareSources(from: string, to: string, context: KernelContext): Promise<Difference> {
  const [old, now] = await Promise.all([listFiles(from, context), listFiles(to, context)])
  const added = [...now.keys()].filter((path) => !old.has(path))
  const unlike = [...now].filter(([path, file]) => old.has(path) && !isAlike(old.get(path), file)).map(([path]) => path)
  const doubtful = [...now].filter(([path, file]) => isAlike(old.get(path), file) && isOtherFile(old.get(path), file))
  const changed = [...added, ...unlike]
  for (let next = 0; next < doubtful.length; next += READERS) {
    const some = doubtful.slice(next, next + READERS)
    const same = await Promise.all(some.map(([path]) => haveSameContent(join(from, path), join(to, path))))
    changed.push(...some.filter((_, at) => !same[at]).map(([path]) => path))
  }
  const links = changed.filter((path) => now.get(path)?.kind === 'l')
  return { changed, added, links, removed: [...old.keys()].filter((path) => !now.has(path)) }
}

/** Files that are read at once. */
const READERS = 64

/** One file or link, by what can be told without reading it. */
interface Listed {
  /** As find says it: f, l. */
  readonly kind: string
  /** Whether it can be run, its size, and where a link points to. */
  readonly looks: string
  readonly inode: string
}

async function listFiles(folder: string, context: KernelContext): Promise<Map<string, Listed>> {
  const tests = ['-path', './build', '-prune', '-o', '!', '-type', 'd', '-printf', '%y %m:%s:%l\\t%i %P\\0']
  const { stdout } = await runCommand('find', ['.', ...tests], { ...stopped(context), cwd: folder })
  return new Map(
    stdout.split('\0').flatMap((line): [string, Listed][] => {
      const [, kind = '', mode = '', rest = '', inode = '', path] = /^(\w) (\d+):([^\t]*)\t(\d+) (.+)$/s.exec(line) ?? []
      const looks = `${(Number.parseInt(mode, 8) & 0o100) === 0 ? '-' : 'x'}:${rest}`
      return path === undefined ? [] : [[path, { kind, looks, inode }]]
    }),
  )
}

const isAlike = (one: Listed | undefined, other: Listed) => one?.kind === other.kind && one.looks === other.looks

const isOtherFile = (one: Listed | undefined, other: Listed) => other.kind === 'f' && one?.inode !== other.inode

async function haveSameContent(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([readFile(one), readFile(other)])
  return first.equals(second)
}

/** For runCommand: it ends when the caller's work is stopped. */
export const stopped = ({ signal }: KernelContext) => (signal === undefined ? {} : { signal })
