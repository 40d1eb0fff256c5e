/** A cache of JSON files for facts about this host that cost time to measure; safe with several processes at once. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { replaceFile } from './workspace.ts'

/**
 * The value in the file, not validated. Null when the file is missing or damaged: the caller measures again.
 */
export async function readJsonCache<T>(path: string): Promise<Partial<T> | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Partial<T> | null
  } catch {
    return null
  }
}

/** Write the value and create its folder. A reader never sees half a file. Throws the error of the file system. */
export async function writeJsonCache<T>(path: string, value: T): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await replaceFile(path, JSON.stringify(value))
}
