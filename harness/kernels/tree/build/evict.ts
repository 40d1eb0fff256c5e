/** Keep the caches of kernel builds within limits: remove the least recently used bases and sources, and the oldest logs. */
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { buildRoot } from '#harness/support/build-root.ts'
import { LockHeld, withLock } from '#harness/support/lock.ts'
import { whenUnreadable, type Workspace } from '#harness/support/workspace.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'
import { modulesLock, waitForBuild } from './files.ts'

/** Enough for the sources of about ten series and a hundred builds of one, which share their sources by hard links. */
const MAX_TREE_BYTES = 20 * 2 ** 30
const MAX_LOG_BYTES = 64 * 2 ** 20

/** Mark a base or a source as used at this time. */
export async function touchTree(folder: string, now: Date): Promise<void> {
  await utimes(folder, now, now)
}

/**
 * Remove what killed processes left half done, and the oldest logs. The caller must hold treeLock and call it before a build.
 */
export async function removeLeftovers(context: KernelContext): Promise<void> {
  const { cache } = context.workspace
  await waitForBuild(context, null)
  await removeAll(join(cache, 'kernels'), /^tree-.+@\w+\.tmp-/)
  await removeAll(join(buildRoot(cache), 'trees'), /^(?:evicted-|source-\w+\.tmp-)/)
  await evictLogs(join(cache, 'logs'))
}

/** Whether to measure the cache after a build: always after a full one, else at every eighth base, for it takes little space. */
export async function isEvictionDue(built: 'full' | 'incremental', { cache }: Workspace): Promise<boolean> {
  const bases = (await readdir(join(buildRoot(cache), 'trees'))).filter((name) => name.startsWith('base-'))
  return built === 'full' || bases.length % 8 === 0
}

/**
 * Remove the least recently used bases and sources until the rest take at most `limit` bytes; the newest always stays. The
 * caller must hold treeLock, so that no kernel is built in them; where external modules are, it is left to the next build. Calls
 * `note` with the removed names.
 */
export async function evictTrees(workspace: Workspace, note: (names: string) => void, limit = MAX_TREE_BYTES): Promise<void> {
  const { path, name } = modulesLock(workspace)
  try {
    const removed = await withLock(path, { name, doing: 'removing old kernel trees', noWait: true }, () =>
      removeOldest(join(buildRoot(workspace.cache), 'trees'), limit),
    )
    if (removed.length > 0) note(removed.join(', '))
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error
  }
}

/** Remove the oldest trees of a folder until the rest take at most `limit` bytes. Returns the names of those removed. */
async function removeOldest(trees: string, limit: number): Promise<string[]> {
  const names = await readdir(trees).catch(whenUnreadable([]))
  const newest = await newestFirst(
    trees,
    names.filter((name) => /^(?:base|source|worktree)-\w+$/.test(name)),
  )
  const taken = await diskUsage(trees, newest)
  let total = 0
  const removed = newest.filter((name, at) => (total += taken.get(name) ?? 0) > limit && at > 0)
  // Rename first: even when this process is killed halfway, a base is either complete or not there.
  for (const name of removed) await rename(join(trees, name), join(trees, `evicted-${name}`))
  await removeAll(trees, /^evicted-/)
  return removed
}

/** Remove the oldest logs until the rest take at most `limit` bytes. */
export async function evictLogs(logs: string, limit: number = MAX_LOG_BYTES): Promise<void> {
  const names = await readdir(logs).catch(whenUnreadable([]))
  const newest = await newestFirst(
    logs,
    names.filter((name) => name.endsWith('.log')),
  )
  let total = 0
  for (const name of newest) {
    total += (await stat(join(logs, name))).size
    if (total > limit) await rm(join(logs, name), { force: true })
  }
}

async function removeAll(folder: string, names: RegExp): Promise<void> {
  const found = (await readdir(folder).catch(whenUnreadable([]))).filter((name) => names.test(name))
  await Promise.all(found.map((name) => rm(join(folder, name), { recursive: true, force: true })))
}

async function newestFirst(folder: string, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(names.map(async (name) => ({ name, usedAt: (await stat(join(folder, name))).mtimeMs })))
  return found.toSorted((a, b) => b.usedAt - a.usedAt || (a.name < b.name ? -1 : 1)).map(({ name }) => name)
}

/** Bytes on disk by name, 0.3 s a tree. A file with several hard links counts for the first name in this order. */
async function diskUsage(folder: string, names: readonly string[]): Promise<Map<string, number>> {
  if (names.length === 0) return new Map()
  const { stdout } = await runCommand('du', ['--summarize', '--block-size=1', '--', ...names], { cwd: folder })
  return new Map(
    stdout
      .split('\n')
      .map((line) => line.split('\t'))
      .map(([bytes, name = '']) => [name, Number(bytes)]),
  )
}
