/** Entries of the cache that can be made or fetched again: listed with their size and last use, and removed. */
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { removeSnapshot } from '#harness/boot/snapshot/snapshot.ts'
import { buildRoot } from '#harness/support/build-root.ts'
import { runCommand } from '#harness/support/process.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { whenUnreadable, type Workspace } from '#harness/support/workspace.ts'

/** Kinds of entries: the folders of the cache that hold each. */
const KINDS = {
  snapshots: ['guests'],
  kernels: ['kernels', 'modules', 'debs', 'changelogs'],
  programs: ['programs', 'external-modules', 'initramfs', 'rootfs', 'guest-keys'],
  trees: ['trees', 'headers', 'suites'],
  compiled: ['compile'],
} as const

export type CacheKind = keyof typeof KINDS

export const CACHE_KINDS = Object.keys(KINDS) as CacheKind[]

/** An entry of the cache. */
export interface CacheEntry {
  readonly kind: CacheKind
  /** `guests/0040db4a`, below the cache or, for trees, below the place of builds. */
  readonly name: string
  readonly path: string
  /** Milliseconds since 1970 of its last use. */
  readonly usedAt: number
  /** On disk. */
  readonly bytes: number
  /** Whether it must stay; the caller decides. */
  readonly isHeld: boolean
}

/** Not entries: unfinished ones, and what tells how to make others. */
const NOT_ENTRIES = /\.tmp-|^tmp-|^(?:recipes|objects\.json|building(?:-modules)?)$|^evicted-/

/** What is below the cache or, for trees, below the place of builds. */
const rootOf = (kind: CacheKind, cache: string): string => (kind === 'trees' ? buildRoot(cache) : cache)

/** The folders that hold entries. */
export const foldersOf = ({ cache }: Workspace): string[] =>
  CACHE_KINDS.flatMap((kind) => KINDS[kind].map((folder) => join(rootOf(kind, cache), folder)))

/** The entries of these kinds, by name. */
export async function listCache({ cache }: Workspace, kinds: readonly CacheKind[] = CACHE_KINDS): Promise<CacheEntry[]> {
  const lists = kinds.map(async (kind) => {
    // Node keeps what it compiled in a folder of its own for each version: of those the files are the entries.
    const folders = kind === 'compiled' ? await compiledFolders(cache) : KINDS[kind]
    return Promise.all(folders.map((folder) => listFolder(kind, folder, rootOf(kind, cache))))
  })
  return (await Promise.all(lists)).flat(2)
}

async function compiledFolders(cache: string): Promise<string[]> {
  const lists = KINDS.compiled.map(async (folder) => {
    const found = await readdir(join(cache, folder)).catch(whenUnreadable<string[]>([]))
    return found.toSorted().map((name) => join(folder, name))
  })
  return (await Promise.all(lists)).flat()
}

/** What else lies in the cache, and is never pruned: of a limited size, or of nobody's here. Bytes on disk by name, sorted. */
export async function listOthers({ cache }: Workspace): Promise<{ readonly name: string; readonly bytes: number }[]> {
  const pruned = new Set<string>(Object.values(KINDS).flat())
  const names = (await readdir(cache).catch(whenUnreadable<string[]>([]))).filter((name) => !pruned.has(name)).toSorted()
  const bytes = await diskUsage(cache, names)
  return names.map((name) => ({ name, bytes: bytes.get(name) ?? 0 })).filter(({ bytes: own }) => own > 0)
}

async function listFolder(kind: CacheKind, folder: string, root: string): Promise<CacheEntry[]> {
  const place = join(root, folder)
  const names = (await readdir(place).catch(whenUnreadable<string[]>([]))).filter((name) => !NOT_ENTRIES.test(name)).toSorted()
  const bytes = await diskUsage(place, names)
  const entries = names.map(async (name) => {
    const usedAt = await lastUse(join(place, name))
    return { kind, name: `${folder}/${name}`, path: join(place, name), usedAt, bytes: bytes.get(name) ?? 0, isHeld: false }
  })
  return Promise.all(entries)
}

/** Names on one command line. */
const BATCH = 500

/** Bytes on disk by name. A file with several hard links counts for one of them. */
async function diskUsage(folder: string, names: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let next = 0; next < names.length; next += BATCH) {
    // What is mounted below a folder takes no space of its disk.
    const words = ['--summarize', '--one-file-system', '--block-size=1', '--', ...names.slice(next, next + BATCH)]
    const { stdout } = await runCommand('du', words, { cwd: folder, anyExit: true })
    for (const [bytes, name = ''] of stdout.split('\n').map((line) => line.split('\t'))) found.set(name, Number(bytes))
  }
  return found
}

/**
 * The newest time at which the entry or a file directly in it was written or read. Snapshots and trees are touched on use; of
 * all others the system keeps when they were read (relatime: within a day).
 */
async function lastUse(path: string): Promise<number> {
  const timesOf = (one: string) =>
    stat(one).then(
      (found) => (found.isDirectory() ? found.mtimeMs : Math.max(found.mtimeMs, found.atimeMs)),
      () => 0,
    )
  const names = await readdir(path).catch(() => [])
  return Math.max(await timesOf(path), ...(await Promise.all(names.map((name) => timesOf(join(path, name))))))
}

/** Remove entries. The caller must see to it that no process holds one that is not a snapshot. */
export async function removeEntries({ cache }: Workspace, entries: readonly CacheEntry[]): Promise<void> {
  for (const { kind, path } of entries) {
    if (kind === 'snapshots') await removeSnapshot(path)
    else await removeAtOnce(kind === 'trees' ? buildRoot(cache) : cache, path)
  }
}

/** Rename first: even when this process is killed halfway, an entry is either complete or not there. */
async function removeAtOnce(root: string, path: string): Promise<void> {
  const away = await openScratch(root)
  await rename(path, join(away, basename(path))).catch(whenUnreadable(undefined))
  await rm(away, { recursive: true, force: true })
}
