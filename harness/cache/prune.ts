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
  kernels: ['kernels', 'modules', 'debs'],
  programs: ['programs', 'external-modules', 'initramfs', 'rootfs', 'guest-keys'],
  trees: ['trees', 'headers', 'suites'],
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

/** The entries of these kinds, by name. */
export async function listCache({ cache }: Workspace, kinds: readonly CacheKind[] = CACHE_KINDS): Promise<CacheEntry[]> {
  const lists = kinds.flatMap((kind) =>
    KINDS[kind].map((folder) => listFolder(kind, folder, kind === 'trees' ? buildRoot(cache) : cache)),
  )
  return (await Promise.all(lists)).flat()
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
    const words = ['--summarize', '--block-size=1', '--', ...names.slice(next, next + BATCH)]
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
