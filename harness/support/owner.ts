/**
 * Who owns what lies in a folder: as long as it lives, a process holds a lock on a file of its own in `owners` there. The kernel
 * releases the lock when the process ends, however it ends, and shows it to every other process, those of other PID namespaces
 * too (two containers with one cache), where a process id says nothing.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'

const TOKEN = /^(\d+)-[0-9a-f]{12}$/
/** Others look into the folder at the same time, and hold a file for a moment only: more tries than these are never needed. */
const MAX_TRIES = 20

interface Held {
  readonly token: string
  /** Node has no lock on files of its own; SQLite's is one of fcntl(2), held until this is closed. */
  readonly connection: DatabaseSync
}

/** What this process holds, by place. */
const own = new Map<string, Held>()

/**
 * The word by which this process owns what lies in `place`, a folder that is there: its process id and a random part. Throws what
 * node:fs and node:sqlite throw where no file can be made and locked.
 */
export function ownToken(place: string): string {
  const known = own.get(place)
  if (known !== undefined) return known.token
  const folder = join(place, 'owners')
  if (!existsSync(folder)) mkdirSync(folder, { recursive: false })
  for (const name of readdirSync(folder)) if (TOKEN.test(name)) removeEnded(join(folder, name))
  const held = hold(folder)
  if (own.size === 0) process.once('exit', removeOwn)
  own.set(place, held)
  return held.token
}

/** Process id behind an owner's word, in its own PID namespace, while that very process lives; null when it has ended. */
export function livingOwner(place: string, token: string | null): number | null {
  const [, pid] = TOKEN.exec(token ?? '') ?? []
  if (pid === undefined) return null
  const path = join(place, 'owners', token ?? '')
  if (!existsSync(path)) return null
  try {
    using connection = open(path, 'ro')
    connection.prepare('SELECT count(*) FROM sqlite_master').get()
    return null
  } catch {
    // Locked, or of another user: only a file that has gone since has no owner.
    return existsSync(path) ? Number(pid) : null
  }
}

function removeOwn(): void {
  for (const [place, { token, connection }] of own) removeEnded(join(place, 'owners', token), connection)
}

function open(path: string, mode: 'ro' | 'rw' | 'rwc'): DatabaseSync {
  const url = pathToFileURL(path)
  url.searchParams.set('mode', mode)
  return new DatabaseSync(url, { timeout: 0, readOnly: mode === 'ro' })
}

/** Make a file and lock it. */
function hold(folder: string): Held {
  for (let tries = 1; ; tries++) {
    const token = `${process.pid}-${randomBytes(6).toString('hex')}`
    const connection = open(join(folder, token), 'rwc')
    try {
      lock(connection)
      // Before it was locked, another process may have taken it for that of an ended one.
      if (existsSync(join(folder, token))) return { token, connection }
    } catch (error) {
      if (tries === MAX_TRIES) throw error
    }
    connection.close()
  }
}

function lock(connection: DatabaseSync): void {
  connection.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
}

/** Remove a file that nobody holds, or that this connection does. */
function removeEnded(path: string, holder?: DatabaseSync): void {
  try {
    using connection = holder ?? open(path, 'rw')
    if (holder === undefined) lock(connection)
    unlinkSync(path)
  } catch {
    // It is held, has gone, or is another user's.
  }
}
