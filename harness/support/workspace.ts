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

/** Whether the path exists. Throws every error but those that say it does not. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
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

/** A variable that moves a folder of kwitness elsewhere. */
type FolderVariable = 'KWITNESS_CACHE' | 'KWITNESS_STATE'

const EVERY_FOLDER: readonly FolderVariable[] = ['KWITNESS_CACHE', 'KWITNESS_STATE']

/** Error codes that say what is wrong with a folder of kwitness. */
const FOLDER_ERRORS: Readonly<Record<string, 'full' | 'denied' | 'blocked'>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'denied',
  EACCES: 'denied',
  EPERM: 'denied',
  ENOTDIR: 'blocked',
  EEXIST: 'blocked',
  EISDIR: 'blocked',
  ENOTEMPTY: 'blocked',
  ELOOP: 'blocked',
}

/** Error codes of this machine, with what to do. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EFBIG: 'allow larger files: ulimit -f unlimited',
  ENAMETOOLONG: 'set KWITNESS_CACHE and KWITNESS_STATE to folders with shorter paths',
  EMFILE: 'allow more open files: ulimit -n 4096',
  ENFILE: 'end other programs: this machine has too many open files',
  EAGAIN: 'allow more processes (ulimit -u), or end other programs',
  ENOMEM: 'free some memory: end other programs',
  EIO: 'the disk reports errors: see the kernel log of this machine',
}

/** What to do about a folder that takes nothing, named by the variables that move it. */
export function folderHint(trouble: 'full' | 'denied' | 'blocked', variables: readonly FolderVariable[] = EVERY_FOLDER): string {
  const other = variables.length === 1 ? 'another folder' : 'other folders'
  const own = variables.length === 1 ? 'a folder' : 'folders'
  const set = `set ${variables.join(' and ')} to`
  if (trouble === 'full') return `free some space or ${set} ${own} on another disk`
  return trouble === 'denied' ? `${set} ${own} that can be written` : `move what is in the way, or ${set} ${other}`
}

/** What to do about an error code that blames this machine, met in the folders of `variables`; undefined for any other. */
export function systemHint(code: string, variables: readonly FolderVariable[] = EVERY_FOLDER): string | undefined {
  const trouble = FOLDER_ERRORS[code]
  return trouble === undefined ? SYSTEM_ERRORS[code] : folderHint(trouble, variables)
}

/** An InfraError for an error of the system that blames this machine, which starts with `what`; null for any other error. */
export function systemError(error: unknown, what: string): InfraError | null {
  const { code, path, syscall } = (error ?? {}) as NodeJS.ErrnoException
  // A place that takes no folder (/proc) gives the error code of a missing one.
  const hint = code === 'ENOENT' && (syscall ?? '').startsWith('mkd') ? folderHint('denied') : systemHint(code ?? '')
  if (hint === undefined) return null
  const where = path === undefined || what.includes(path) ? '' : ` (${path})`
  return new InfraError(`${what}: ${code}${where}`, hint, { cause: error })
}

/** Error codes of a process or machine that has too little of something: they say nothing about the file. */
const SHORTAGES = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']

/** Whether the error, or that of the child process behind it, is a shortage of this machine. */
export function isShortage(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { readonly code?: string; readonly cause?: { readonly code?: string } }
  return SHORTAGES.some((one) => one === code || one === cause?.code)
}

/**
 * For `.catch(whenUnreadable(null))`: what to go on with where a file is missing or unreadable. Throws a shortage: for want of
 * open files, an entry of the cache would seem to be missing.
 */
export const whenUnreadable =
  <T>(value: T) =>
  (error: unknown): T => {
    if (isShortage(error)) throw error
    return value
  }

/** Write a temporary file beside `path` and rename it into place: a reader sees the old text or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp-${randomUUID()}`
  try {
    await writeFile(temporary, text)
    await rename(temporary, path).catch(async (error: NodeJS.ErrnoException) => {
      // A folder is in the place of the file: whoever reads it takes it for damaged.
      if (error.code !== 'EISDIR' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
      await rm(path, { recursive: true, force: true })
      await rename(temporary, path)
    })
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** How the name of something unfinished begins (harness/cache/unfinished.ts finds it by that): it names this process. */
export const unfinishedName = (): string => `tmp-${process.pid}-`

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
    temporary = await mkdtemp(`${entry}.${unfinishedName()}`)
    await fill(temporary)
    await rename(temporary, entry).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTDIR') throw error
      // A file is in the place of the folder.
      await rm(entry, { force: true })
      await rename(temporary ?? '', entry)
    })
  } catch (error) {
    if (temporary) await rm(temporary, { recursive: true, force: true })
    const code = (error as NodeJS.ErrnoException).code
    if ((code === 'ENOTEMPTY' || code === 'EEXIST') && (await exists(entry))) return entry
    throw systemError(error, `cannot write ${entry}`) ?? error
  }
  return entry
}

/** Do some writing at `path`. Throws InfraError with the error code, and with the place that it is of where that is another. */
export async function writeAt<T>(path: string, hint: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // Of a copy and of a rename, `path` is what was read.
    const { code, path: read = path, dest: where = read } = error as NodeJS.ErrnoException & { readonly dest?: string }
    if (code === undefined) throw error
    const at = where.startsWith(path) ? '' : ` at ${where}`
    throw new InfraError(`cannot write ${path}: ${code}${at}`, hint, { cause: error })
  }
}

/** One block of a disk: a few bytes may fit where nothing else does. */
const PROBE = Buffer.alloc(4096)

/** Make a folder and write into it, so that a place that takes nothing is known before the work. Throws InfraError. */
export async function probeFolder(folder: string, hint: string): Promise<void> {
  await writeAt(folder, hint, async () => {
    await makeFolder(folder)
    const probe = join(folder, `.probe-${randomUUID()}`)
    await writeFile(probe, PROBE).finally(() => rm(probe, { force: true }))
  })
}
