/** Where kwitness keeps files on this machine, and writes that a reader sees completely or not at all. */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { InfraError } from '#domain/errors.ts'

export interface Workspace {
  /** The user may delete it at any time: kernels, built programs, snapshots. */
  readonly cache: string
  /** The user must not lose it: the store and its evidence. */
  readonly state: string
}

/**
 * The folders from KWITNESS_CACHE and KWITNESS_STATE, else from the XDG variables, else below the home folder. An empty
 * variable counts as unset, as in sh.
 */
export function findWorkspace(env: NodeJS.ProcessEnv = process.env): Workspace {
  return {
    cache: env['KWITNESS_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kwitness'),
    state: env['KWITNESS_STATE'] || join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'kwitness'),
  }
}

/** Whether the path exists. Throws every error but ENOENT. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/**
 * Make a folder and those above it that are missing, each by a call of its own: Node's recursive mkdir never returns where the
 * system says ENOENT below a folder that is there, as /proc does. Throws the error of the file system.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = []
  for (let at = resolve(path); !(await isFolder(at)); at = dirname(at)) missing.push(at)
  for (const folder of missing.toReversed()) {
    await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
      // Another process has made it in the meantime, or something else is in the way: the system says what.
      if (!(await isFolder(folder))) await mkdir(path)
    })
  }
}

/** Error codes of a disk that is full or that this user may not write. */
const DISK_ERRORS = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES']

/** An InfraError for a file system error about space or permission, which starts with `what`; null for any other error. */
export function diskError(error: unknown, what: string): InfraError | null {
  const { code, path } = error as NodeJS.ErrnoException
  if (code === undefined || !DISK_ERRORS.includes(code)) return null
  const where = path === undefined || what.includes(path) ? '' : ` (${path})`
  const hint = 'free some space or set KWITNESS_CACHE and KWITNESS_STATE to folders that can be written'
  return new InfraError(`${what}: ${code}${where}`, hint, { cause: error })
}

/** Write a temporary file beside `path` and rename it into place: a reader sees the old text or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp-${randomUUID()}`
  try {
    await writeFile(temporary, text)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/**
 * Fill a temporary folder beside `entry` and rename it to `entry`, so that a reader sees all of it or nothing. Returns
 * `entry`. When two processes fill the same entry at once, both succeed and the first rename wins.
 * Throws InfraError for a disk that is full or not writable, and removes the temporary folder whatever happens.
 */
export async function publishFolder(entry: string, fill: (temporary: string) => Promise<void>): Promise<string> {
  const parent = join(entry, '..')
  let temporary: string | null = null
  try {
    await makeFolder(parent)
    temporary = await mkdtemp(`${entry}.tmp-`)
    await fill(temporary)
    await rename(temporary, entry)
  } catch (error) {
    if (temporary) await rm(temporary, { recursive: true, force: true })
    const code = (error as NodeJS.ErrnoException).code
    if ((code === 'ENOTEMPTY' || code === 'EEXIST') && (await exists(entry))) return entry
    throw diskError(error, `cannot write ${entry}`) ?? error
  }
  return entry
}
