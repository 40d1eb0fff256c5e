/** Who holds a lock: by the note that a holder leaves in the lock file, else by what the kernel says of the file. */
import { readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { lockNoteSchema } from '#schema/cache/lock.ts'
import { readJson } from '#schema/read.ts'
import type { DataOf } from '#schema/basics.ts'
import { livingOwner, ownToken } from './owner.ts'

const MAX_COMMAND = 120

/** What flock becomes once it has a lock of ours: it says what it is told, and ends with its standard input. */
export const HOLDER = ['cat', '-u', '-']

/** A note in a lock file, which says what its holder does. */
export interface LockNote {
  /** Say what the holder does now. */
  readonly describe: (doing: string) => void
  /** Take the note away, before the lock is released. */
  readonly remove: () => void
}

/** Leave a note in a lock file that this process holds. A file that takes none (a full disk) only leaves waiters without it. */
export function leaveNote(path: string, doing: string): LockNote {
  const since = new Date().toISOString()
  const write = (makeText: () => string): void => {
    try {
      writeFileSync(path, makeText(), { flag: 'r+' })
    } catch {
      // The lock is held all the same.
    }
  }
  // A longer note leaves no tail behind a shorter one: a line break ends it.
  const describe = (now: string): void =>
    write(() => {
      const note: DataOf<typeof lockNoteSchema> = { owner: ownToken(dirname(path)), command: ownCommand(), since, doing: now }
      return `${JSON.stringify(note)}\n`
    })
  describe(doing)
  return { describe, remove: () => write(() => '\n') }
}

function ownCommand(): string {
  const [, script = '', ...words] = process.argv
  const name = script.endsWith('/src/cli/main.ts') ? 'kwitness' : basename(script)
  return [name, ...words].join(' ').slice(0, MAX_COMMAND)
}

/** One clause that says who holds a lock, since when and what for. */
export async function describeHolder(path: string): Promise<string> {
  const note = readNote(path)
  if (note !== null) return note
  const [pid] = await findHolders(path)
  if (pid === undefined) return 'a process that this user cannot see holds it'
  // A shared lock is held by a child of its owner that does nothing else.
  const owner = commandOf(pid) === HOLDER.join(' ') ? (parentOf(pid) ?? pid) : pid
  const command = commandOf(owner)
  const since = startOf(owner)
  return `process ${owner} (${command}) holds it${since === null ? '' : `, ${sinceWords(since)}`}`
}

function readNote(path: string): string | null {
  let text = ''
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return null
  }
  const note = readJson(lockNoteSchema, text.split('\n')[0] ?? '')
  const pid = livingOwner(dirname(path), note?.owner ?? null)
  if (note === null || pid === null) return null
  return `process ${pid} (${note.command}) holds it, ${sinceWords(new Date(note.since))}: ${note.doing}`
}

/** `since 2026-01-31 09:15:02 UTC (3:07)` */
function sinceWords(since: Date): string {
  const seconds = Math.max(0, Math.round((Date.now() - since.getTime()) / 1000))
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  return `since ${since.toISOString().replace('T', ' ').slice(0, 19)} UTC (${clock})`
}

/**
 * Processes that hold the file: the one that took the lock where it lives, else those that have the file open, because a child
 * inherits a lock that flock(2) gave.
 */
async function findHolders(path: string): Promise<number[]> {
  const { holders, waiters } = await readLocks(path)
  const living = holders.filter((pid) => commandOf(pid) !== '')
  if (living.length > 0) return living
  const real = realpathSync(path)
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const open = await Promise.all(pids.map(async (pid) => ((await hasOpen(pid, real)) ? [pid] : [])))
  return open.flat().filter((pid) => !waiters.includes(pid))
}

/** Holders and waiters of a file by /proc/locks (proc(5)). A process of another pid namespace is 0 there, and left out. */
async function readLocks(path: string): Promise<{ readonly holders: readonly number[]; readonly waiters: readonly number[] }> {
  const inode = String(statSync(path).ino)
  const rows = (await readFile('/proc/locks', 'utf8').catch(() => '')).split('\n').flatMap((line) => {
    const [, waits, pid, file] = /^\d+:(\s+->)? .* (\d+) [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? []
    return file === inode && Number(pid) > 0 ? [{ waits: waits !== undefined, pid: Number(pid) }] : []
  })
  const pidsOf = (waits: boolean) => rows.filter((row) => row.waits === waits).map(({ pid }) => pid)
  return { holders: pidsOf(false), waiters: pidsOf(true) }
}

async function hasOpen(pid: number, path: string): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  return targets.includes(path)
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, MAX_COMMAND)
  } catch {
    return ''
  }
}

/** Parent of a process: field 4 of proc(5) stat. */
function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return null
  }
}

/** Start time of a process: field 22 of proc(5) stat counts hundredths of a second from the boot, btime of /proc/stat is that. */
function startOf(pid: number): Date | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    const boot = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1])
    return new Date((boot + ticks / 100) * 1000)
  } catch {
    return null
  }
}
