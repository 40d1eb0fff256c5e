/** Keep saved guests within a bound: the least recently used go first. */
import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { manifestFile, ramFile } from './saved-guest.ts'

/** Room for some 200 guests of 80 MiB each. */
export const GUESTS_BYTES = 16 * 2 ** 30

interface Found {
  readonly folder: string
  readonly usedAt: number
  readonly bytes: number
}

/** Note that a guest was used just now. One that is gone meanwhile is nobody's loss. */
export async function touchGuest(folder: string, now: Date): Promise<void> {
  await utimes(manifestFile(folder), now, now).catch(() => undefined)
}

async function look(folder: string): Promise<Found | null> {
  try {
    const [manifest, ram] = await Promise.all([stat(manifestFile(folder)), stat(ramFile(folder))])
    /* The file is sparse: what it takes on disk counts. */
    return { folder, usedAt: manifest.mtimeMs, bytes: ram.blocks * 512 }
  } catch {
    return null
  }
}

/**
 * Remove the least recently used guests below `root` until the rest take at most `limit` bytes. A guest that is running
 * keeps its files open; one that is about to be restored is booted anew. Returns the folders removed.
 */
export async function evictGuests(root: string, limit: number = GUESTS_BYTES): Promise<string[]> {
  const names = await readdir(root).catch(() => [])
  const found = (await Promise.all(names.map((name) => look(join(root, name))))).filter((one) => one !== null)
  const removed: string[] = []
  let total = found.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { folder, bytes } of found.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (total <= limit) break
    await rm(folder, { recursive: true, force: true })
    total -= bytes
    removed.push(folder)
  }
  return removed
}
