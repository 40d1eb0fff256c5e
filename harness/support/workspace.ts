/** Where things lie on this machine, and how an entry comes into a cache whole or not at all. */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { InfraError } from '#domain/errors.ts'

export interface Workspace {
  /** Can be deleted at any time: kernels, built programs, saved guests. */
  readonly cache: string
  /** Must not be lost: the store and its evidence. */
  readonly state: string
}

/** Folders from the environment: KWITNESS_CACHE and KWITNESS_STATE, else the XDG ones. Empty is as good as unset, as in sh. */
export function findWorkspace(env: NodeJS.ProcessEnv = process.env): Workspace {
  return {
    cache: env['KWITNESS_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kwitness'),
    state: env['KWITNESS_STATE'] || join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'kwitness'),
  }
}

/** Whether a path is there. Any error but ENOENT is thrown. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** What a disk that does not take it says. */
const REFUSALS = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES']

/** The InfraError behind an error of the file system, or null for one that is not about room or permission. */
export function diskError(error: unknown, what: string): InfraError | null {
  const { code, path } = error as NodeJS.ErrnoException
  if (code === undefined || !REFUSALS.includes(code)) return null
  const where = path === undefined || what.includes(path) ? '' : ` (${path})`
  const hint = 'free some space or set KWITNESS_CACHE and KWITNESS_STATE to folders that can be written'
  return new InfraError(`${what}: ${code}${where}`, hint, { cause: error })
}

/** Write a file beside `path` and rename it into place: readers see the old text or the new one. */
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
 * Make the folder `entry` by filling a temporary one beside it and renaming it into place, so that readers see
 * all of it or nothing. Two processes that fill the same entry at once both succeed; the first rename wins.
 * Throws InfraError when the disk does not take it; the temporary folder is removed on every path.
 */
export async function publishFolder(entry: string, fill: (temporary: string) => Promise<void>): Promise<string> {
  const parent = join(entry, '..')
  let temporary: string | null = null
  try {
    await mkdir(parent, { recursive: true })
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
