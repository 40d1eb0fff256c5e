/** Keep saved guests within bounds: the least recently used are packed first, and go first. */
import { readdir, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { compressedFile, compressRam, ramFile } from './compress.ts'
import { manifestFile, removeSnapshot } from './snapshot.ts'

/** Bytes on disk. */
export interface GuestBounds {
  /** Of RAM that is ready to be mapped. */
  readonly loose: number
  /** Of all that is kept. */
  readonly all: number
}

/** Room for some 90 guests that are ready, the default set under six profiles, and every Debian kernel packed under as many. */
const BOUNDS: GuestBounds = { loose: 6 * 2 ** 30, all: 16 * 2 ** 30 }

interface Found {
  readonly folder: string
  readonly usedAt: number
  readonly loose: number
  readonly packed: number
}

/** Note that a guest was used just now. One that is gone meanwhile is nobody's loss. */
export async function touchSnapshot(folder: string, now: Date): Promise<void> {
  await utimes(manifestFile(folder), now, now).catch(() => undefined)
}

/** What a file takes on disk: RAM is sparse. */
async function bytesOf(file: string): Promise<number> {
  return stat(file).then(
    ({ blocks }) => blocks * 512,
    () => 0,
  )
}

async function look(folder: string): Promise<Found | null> {
  const manifest = await stat(manifestFile(folder)).catch(() => null)
  if (manifest === null) return null
  const [loose, packed] = await Promise.all([bytesOf(ramFile(folder)), bytesOf(compressedFile(folder))])
  return { folder, usedAt: manifest.mtimeMs, loose, packed }
}

async function lookAround(root: string): Promise<Found[]> {
  const names = await readdir(root).catch(() => [])
  const found = await Promise.all(names.map((name) => look(join(root, name))))
  return found.filter((one) => one !== null).toSorted((a, b) => a.usedAt - b.usedAt)
}

const sum = (guests: readonly Found[], of: (guest: Found) => number): number => guests.reduce((all, one) => all + of(one), 0)

/** Whether a guest was used since it was looked at: packing takes its time, and others of this host run, too. */
async function isUsed({ folder, usedAt }: Found): Promise<boolean> {
  return stat(manifestFile(folder)).then(
    ({ mtimeMs }) => mtimeMs !== usedAt,
    () => false,
  )
}

/**
 * Pack the least recently used guests below `root` until the others' RAM fits, then remove some until all fits. A guest that
 * runs keeps its files open; one that is used meanwhile stays as it is. Returns the folders removed.
 */
export async function evictSnapshots(root: string, bounds: GuestBounds = BOUNDS): Promise<string[]> {
  const found = await lookAround(root)
  const removed: string[] = []
  const remove = async (guest: Found): Promise<void> => {
    if (await isUsed(guest)) return
    await removeSnapshot(guest.folder)
    removed.push(guest.folder)
  }
  let loose = sum(found, (guest) => guest.loose)
  for (const guest of found.filter((one) => one.loose > 0)) {
    if (loose <= bounds.loose) break
    if (await isUsed(guest)) continue
    // What cannot be packed, for want of room perhaps, is not worth keeping in its way.
    await compressRam(guest.folder, () => isUsed(guest)).catch(() => remove(guest))
    loose -= guest.loose
  }
  const left = await lookAround(root)
  let all = sum(left, (guest) => guest.loose + guest.packed)
  for (const guest of left) {
    if (all <= bounds.all) break
    await remove(guest)
    all -= guest.loose + guest.packed
  }
  return removed
}
