/** What killed processes left unfinished in the cache: found by its name, and removed while no other process uses the cache. */
import { existsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { whileUnused } from '#harness/support/cache-use.ts'
import { LockHeld } from '#harness/support/lock.ts'
import { whenUnreadable, type Workspace } from '#harness/support/workspace.ts'
import { foldersOf } from './prune.ts'

/** `ENTRY.tmp-PID-...` and `tmp-PID-...` (unfinishedName); older checkouts, and files that are replaced, name no process. */
const UNFINISHED = /(?:^|\.)tmp-(?:(\d+)-)?[\w-]+$/
/** Nothing takes that long to make. */
const MAX_AGE_MS = 24 * 60 * 60_000

/**
 * Remove unfinished entries whose process has ended. Where another process uses the cache they stay for a later start: it may be
 * in another PID namespace, where the process in a name says nothing.
 */
export async function removeUnfinished(workspace: Workspace): Promise<void> {
  if ((await findUnfinished(workspace)).length === 0) return
  try {
    await whileUnused(workspace, async () => {
      for (const path of await findUnfinished(workspace)) await rm(path, { recursive: true, force: true })
    })
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error
  }
}

/** Paths of unfinished entries whose process does not live here. */
async function findUnfinished(workspace: Workspace): Promise<string[]> {
  const folders = await Promise.all(foldersOf(workspace).map(async (folder) => [folder, ...(await plainIn(folder))]))
  const found = await Promise.all(folders.flat().map(unfinishedIn))
  return found.flat()
}

/** Folders of decompressed modules (`modules/KERNEL.plain`), which are written into, too. */
async function plainIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(whenUnreadable([]))
  return names.filter((name) => name.endsWith('.plain')).map((name) => join(folder, name))
}

async function unfinishedIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder).catch(whenUnreadable([]))).filter((name) => UNFINISHED.test(name))
  const found = await Promise.all(
    names.map(async (name) => {
      const [, pid] = UNFINISHED.exec(name) ?? []
      if (pid !== undefined) return existsSync(join('/proc', pid)) ? [] : [join(folder, name)]
      const { mtimeMs } = await stat(join(folder, name)).catch(whenUnreadable({ mtimeMs: Infinity }))
      return Date.now() - mtimeMs > MAX_AGE_MS ? [join(folder, name)] : []
    }),
  )
  return found.flat()
}
