/** Small cache entries with a seal: a damaged one is noticed before use, and made again. */
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataOf } from '#schema/basics.ts'
import { sealSchema } from '#schema/cache/seal.ts'
import { readJson } from '#schema/read.ts'
import { exists, publishFolder, whenUnreadable } from './workspace.ts'

const SEAL = 'sealed.json'

const sha256Of = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex')

/** Publish an entry as publishFolder does, with a seal, in place of a damaged one. Returns `entry`. */
export async function publishSealed(entry: string, fill: (temporary: string) => Promise<void>): Promise<string> {
  // In this order, because another process may publish it in between.
  if ((await exists(entry)) && !(await isIntact(entry))) await rm(entry, { recursive: true, force: true })
  return publishFolder(entry, async (temporary) => {
    await fill(temporary)
    const seal: Record<string, DataOf<typeof sealSchema>[string]> = {}
    for (const name of (await readdir(temporary)).toSorted()) {
      const { size: bytes, mtimeMs } = await stat(join(temporary, name))
      seal[name] = { sha256: await sha256Of(join(temporary, name)), bytes, mtimeMs }
    }
    await writeFile(join(temporary, SEAL), JSON.stringify(seal))
  })
}

/**
 * Whether an entry is there with the files of its seal. Hashes a file only when its modification time is not the recorded one.
 * Of an entry that an older kwitness made without a seal, every file must have content.
 */
export async function isIntact(entry: string): Promise<boolean> {
  const names = await readdir(entry).catch(whenUnreadable<string[]>([]))
  const json = await readFile(join(entry, SEAL), 'utf8').catch(whenUnreadable(null))
  const seal = json === null ? null : readJson(sealSchema, json)
  if (names.includes(SEAL) && seal === null) return false
  const checks = Object.keys(seal ?? {}).length > 0 ? Object.keys(seal ?? {}) : names
  const intact = await Promise.all(checks.map((name) => isFileIntact(join(entry, name), seal?.[name])))
  return intact.length > 0 && intact.every(Boolean)
}

async function isFileIntact(path: string, recorded: DataOf<typeof sealSchema>[string] | undefined): Promise<boolean> {
  const found = await stat(path).catch(whenUnreadable(null))
  if (!found?.isFile() || found.size === 0) return false
  if (recorded === undefined) return true
  if (found.size !== recorded.bytes) return false
  return found.mtimeMs === recorded.mtimeMs || (await sha256Of(path)) === recorded.sha256
}
