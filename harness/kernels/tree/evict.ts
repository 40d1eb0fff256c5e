/** Keep what builds leave within a bound: bases and sources used longest ago go first, and the oldest logs. */
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import type { Workspace } from '#harness/support/workspace.ts'

/** Room for the sources of some ten kernel lines, and for a hundred builds of one: their sources are links. */
const TREES_BYTES = 20 * 2 ** 30
const LOGS_BYTES = 64 * 2 ** 20

/** Note that a base or a source was used just now. */
export async function touchTree(folder: string, now: Date): Promise<void> {
  await utimes(folder, now, now)
}

/**
 * Remove what a killed process left half done, and the oldest logs. For the holder of the lock of all builds, before it
 * begins one.
 */
export async function removeLeftovers({ cache }: Workspace): Promise<void> {
  await mkdir(join(cache, 'locks'), { recursive: true })
  await runCommand('flock', ['--exclusive', join(cache, 'locks', 'building.lock'), 'true'])
  await removeAll(join(cache, 'kernels'), /^tree-.+@\w+\.tmp-/)
  await removeAll(join(cache, 'trees'), /^(?:evicted-|source-\w+\.tmp-)/)
  await evictLogs(join(cache, 'logs'))
}

/** What begins near another base shares its sources and takes little: that is looked at now and then. */
export async function isEvictionDue(built: 'whole' | 'near', { cache }: Workspace): Promise<boolean> {
  const bases = (await readdir(join(cache, 'trees'))).filter((name) => name.startsWith('base-'))
  return built === 'whole' || bases.length % 8 === 0
}

/**
 * Remove the bases and sources used longest ago, until the others take at most `limit` bytes; the one used last stays. For
 * the holder of the lock of all builds: nobody else is at work in them. Gives the names removed to `note`.
 */
export async function evictTrees({ cache }: Workspace, note: (names: string) => void, limit = TREES_BYTES): Promise<void> {
  const trees = join(cache, 'trees')
  const names = await readdir(trees).catch(() => [])
  const newest = await newestFirst(
    trees,
    names.filter((name) => /^(?:base|source|worktree)-\w+$/.test(name)),
  )
  const taken = await diskUsage(trees, newest)
  let total = 0
  const removed = newest.filter((name, at) => (total += taken.get(name) ?? 0) > limit && at > 0)
  // By another name first: a base is there whole or not at all, also when this is killed half-way.
  for (const name of removed) await rename(join(trees, name), join(trees, `evicted-${name}`))
  await removeAll(trees, /^evicted-/)
  if (removed.length > 0) note(removed.join(', '))
}

/** Remove the oldest logs until the others take at most `limit` bytes. */
export async function evictLogs(logs: string, limit: number = LOGS_BYTES): Promise<void> {
  const names = await readdir(logs).catch(() => [])
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
  const found = (await readdir(folder).catch(() => [])).filter((name) => names.test(name))
  await Promise.all(found.map((name) => rm(join(folder, name), { recursive: true, force: true })))
}

async function newestFirst(folder: string, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(names.map(async (name) => ({ name, usedAt: (await stat(join(folder, name))).mtimeMs })))
  return found.toSorted((a, b) => b.usedAt - a.usedAt || (a.name < b.name ? -1 : 1)).map(({ name }) => name)
}

/** Bytes on disk by name. A file that several link to counts for the first of them in this order: 0.3 s a tree. */
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
