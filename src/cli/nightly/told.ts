/**
 * Remembers that word of a failure went out where the disk takes no outbox: an empty file, which most full disks still take, in
 * the first of some folders that takes it.
 */
import { createHash } from 'node:crypto'
import { lstat, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeFolder } from '#harness/support/workspace.ts'
import type { Places } from './state.ts'

/** Folders that may take a note: the night's own, the cache, and one that is on another disk on most machines. */
export function noteFolders({ folder }: Places, cache: string): string[] {
  return [folder, cache, tmpdir()]
}

/** The notes of one night's folder begin so, in a folder that others share. */
const prefixOf = ({ folder }: Places): string =>
  `.kwitness-told-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}-`

/** Whether a note of this user says that the notice of this key went out. */
export async function wasTold(places: Places, folders: readonly string[], key: string): Promise<boolean> {
  for (const folder of folders) {
    const found = await lstat(join(folder, prefixOf(places) + key)).catch(() => null)
    // Anybody may write to a shared folder, and must not silence a night.
    if (found !== null && found.isFile() && found.uid === process.getuid?.()) return true
  }
  return false
}

/**
 * Note that the notices of these keys went out, and forget those of earlier failures. Returns whether every key has a note;
 * what no folder takes has none.
 */
export async function noteTold(places: Places, folders: readonly string[], keys: readonly string[]): Promise<boolean> {
  if (keys.length === 0) return true
  const failure = (name: string): string => name.split('.')[0] ?? ''
  const current = new Set(keys.map((key) => failure(key)))
  for (const folder of folders) {
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefixOf(places)))
    const older = names.filter((name) => !current.has(failure(name.slice(prefixOf(places).length))))
    for (const name of older) await rm(join(folder, name), { force: true }).catch(() => undefined)
  }
  const noted: boolean[] = []
  for (const key of keys) noted.push(await noteKey(places, folders, key))
  return noted.every(Boolean)
}

async function noteKey(places: Places, folders: readonly string[], key: string): Promise<boolean> {
  for (const folder of folders) {
    try {
      if (folder === places.folder) await makeFolder(folder)
      await writeFile(join(folder, prefixOf(places) + key), '', { flag: 'wx' })
      return true
    } catch {
      // The next folder may be on another disk.
    }
  }
  return false
}
