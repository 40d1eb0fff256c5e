/** Facts about this host that are dear to find out, kept in the cache as JSON: read whole or not at all, by many at once. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { replaceFile } from './workspace.ts'

/** What was written there, unchecked; null when nothing was, or it cannot be read: then it is found out again. */
export async function readJsonCache<T>(path: string): Promise<Partial<T> | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Partial<T> | null
  } catch {
    return null
  }
}

/** Write it, making its folder. Throws what the disk says. */
export async function writeJsonCache<T>(path: string, value: T): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await replaceFile(path, JSON.stringify(value))
}
