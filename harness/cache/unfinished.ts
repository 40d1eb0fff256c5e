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
  const found = await Promise.all(foldersOf(workspace).map(unfinishedIn))
  return found.flat()
}

/** Those in a folder, and in its folders of decompressed modules (`modules/KERNEL.plain`), which are written into, too. */
async function unfinishedIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(whenUnreadable<string[]>([]))
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name)
      if (name.endsWith('.plain')) return unfinishedIn(path)
      const unfinished = UNFINISHED.exec(name)
      return unfinished && (await isLeft(path, unfinished[1])) ? [path] : []
    }),
  )
  return found.flat()
}

/** Whether nobody makes an unfinished entry any more: its process is gone, or it is old where its name has none. */
async function isLeft(path: string, pid: string | undefined): Promise<boolean> {
  if (pid !== undefined) return !existsSync(join('/proc', pid))
  const { mtimeMs } = await stat(path).catch(whenUnreadable({ mtimeMs: Infinity }))
  return Date.now() - mtimeMs > MAX_AGE_MS
}
