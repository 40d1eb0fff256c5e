/** Keep snapshots within limits: compress the RAM of the least recently used ones, then remove them. */
import { readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { compressedFile, compressRam, ramFile } from './compress.ts'
import { manifestFile, removeSnapshot } from './snapshot.ts'
import { whenUnreadable } from '#harness/support/workspace.ts'

/** Limits in bytes on disk. */
export interface SnapshotLimits {
  /** Of uncompressed RAM. */
  readonly uncompressed: number
  /** Of all RAM, compressed or not. */
  readonly all: number
}

/** Enough for about 90 uncompressed snapshots (the default set in 6 profiles), and all Debian kernels compressed in as many. */
const DEFAULT_LIMITS: SnapshotLimits = { uncompressed: 6 * 2 ** 30, all: 16 * 2 ** 30 }

interface FoundSnapshot {
  readonly folder: string
  readonly usedAt: number
  readonly uncompressed: number
  readonly compressed: number
}

/** Mark a snapshot as used at this time; one that another process has removed is ignored. */
export async function touchSnapshot(folder: string, now: Date): Promise<void> {
  await utimes(manifestFile(folder), now, now).catch(() => undefined)
}

/** Bytes on disk of a file (RAM files are sparse); 0 when it is missing. */
async function diskBytesOf(file: string): Promise<number> {
  return stat(file).then(
    ({ blocks }) => blocks * 512,
    () => 0,
  )
}

async function inspect(folder: string): Promise<FoundSnapshot | null> {
  const manifest = await stat(manifestFile(folder)).catch(whenUnreadable(null))
  if (manifest === null) return null
  const [uncompressed, compressed] = await Promise.all([diskBytesOf(ramFile(folder)), diskBytesOf(compressedFile(folder))])
  return { folder, usedAt: manifest.mtimeMs, uncompressed, compressed }
}

async function inspectAll(root: string): Promise<FoundSnapshot[]> {
  const names = await readdir(root).catch(whenUnreadable([]))
  const found = await Promise.all(names.map((name) => inspect(join(root, name))))
  return found.filter((one) => one !== null).toSorted((a, b) => a.usedAt - b.usedAt)
}

const sum = (snapshots: readonly FoundSnapshot[], of: (snapshot: FoundSnapshot) => number): number =>
  snapshots.reduce((all, one) => all + of(one), 0)

/** Whether a snapshot was used since it was inspected: compressing takes time, and other processes may use it. */
async function isUsed({ folder, usedAt }: FoundSnapshot): Promise<boolean> {
  return stat(manifestFile(folder)).then(
    ({ mtimeMs }) => mtimeMs !== usedAt,
    () => false,
  )
}

/**
 * Compress the least recently used snapshots below `root` until the uncompressed RAM is within its limit, then remove some
 * until all RAM is. A running guest keeps its files open; a snapshot used in the meantime stays unchanged. Returns the
 * removed folders.
 */
export async function evictSnapshots(root: string, limits: SnapshotLimits = DEFAULT_LIMITS): Promise<string[]> {
  const found = await inspectAll(root)
  const removed: string[] = []
  const remove = async (snapshot: FoundSnapshot): Promise<void> => {
    if (await isUsed(snapshot)) return
    await removeSnapshot(snapshot.folder)
    removed.push(snapshot.folder)
  }
  let uncompressed = sum(found, (snapshot) => snapshot.uncompressed)
  for (const snapshot of found.filter((one) => one.uncompressed > 0)) {
    if (uncompressed <= limits.uncompressed) break
    if (await isUsed(snapshot)) continue
    // A snapshot that cannot be compressed, for lack of space perhaps, must go: it would block the eviction forever.
    await compressRam(snapshot.folder, () => isUsed(snapshot)).catch(() => remove(snapshot))
    uncompressed -= snapshot.uncompressed
  }
  const left = await inspectAll(root)
  let all = sum(left, (snapshot) => snapshot.uncompressed + snapshot.compressed)
  for (const snapshot of left) {
    if (all <= limits.all) break
    await remove(snapshot)
    all -= snapshot.uncompressed + snapshot.compressed
  }
  return removed
}
