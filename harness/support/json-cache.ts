/** JSON files of the cache, read by a schema; safe with several processes at once. */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Schema } from '#schema/basics.ts'
import { readJson } from '#schema/read.ts'
import { makeFolder, replaceFile, whenUnreadable } from './workspace.ts'

/** The data in the file. Null when the file is missing, damaged or of another schema: the caller makes the data again. */
export async function readJsonCache<T>(path: string, schema: Schema<T>): Promise<T | null> {
  const json = await readFile(path, 'utf8').catch(whenUnreadable(null))
  return json === null ? null : readJson(schema, json)
}

/**
 * A reader of files of one schema, for files that are read again and again: listing a set of kernels reads each manifest and the
 * index of Debian once per selector. It parses a text once.
 */
export function createJsonReader<T>(schema: Schema<T>): (path: string) => Promise<T | null> {
  const parsed = new Map<string, { readonly json: string; readonly data: T | null }>()
  return async (path) => {
    const json = await readFile(path, 'utf8').catch(whenUnreadable(null))
    if (json === null) return null
    const known = parsed.get(path)
    if (known?.json === json) return known.data
    const data = readJson(schema, json)
    parsed.set(path, { json, data })
    return data
  }
}

/** Write the value and create its folder. A reader never sees half a file. Throws the error of the file system. */
export async function writeJsonCache<T>(path: string, value: T): Promise<void> {
  await makeFolder(dirname(path))
  await replaceFile(path, JSON.stringify(value))
}
