/** JSON files of the cache, read by a schema; safe with several processes at once. */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Schema } from '#schema/basics.ts'
import { readJson } from '#schema/read.ts'
import { replaceFile } from './workspace.ts'

/** The data in the file. Null when the file is missing, damaged or of another schema: the caller makes the data again. */
export async function readJsonCache<T>(path: string, schema: Schema<T>): Promise<T | null> {
  const json = await readFile(path, 'utf8').catch(() => null)
  return json === null ? null : readJson(schema, json)
}

/** Write the value and create its folder. A reader never sees half a file. Throws the error of the file system. */
export async function writeJsonCache<T>(path: string, value: T): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await replaceFile(path, JSON.stringify(value))
}
