/** Scratch folders for unfinished work. Each belongs to one process; a later process removes it when its owner has died. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { livingOwner, ownToken } from './owner.ts'
import { exists, makeFolder, probeFolder, writeAt, type Workspace } from './workspace.ts'

/** The owner's word (owner.ts), and what mkdtemp adds. */
const OWNED = /^(\d+-[0-9a-f]+)-\w+$/
/** A checkout from before there were such words names its process. */
const OWNED_BEFORE = /^(\d+)-\w+$/

/** Remove the folders whose process has ended. */
async function removeOrphans(cache: string, root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const isOwned = livingOwner(cache, OWNED.exec(name)?.[1] ?? null) !== null
    const [, pid] = OWNED_BEFORE.exec(name) ?? []
    if (isOwned || (pid !== undefined && (await exists(join('/proc', pid))))) continue
    await rm(join(root, name), { recursive: true, force: true })
  }
}

/**
 * Create an empty folder on the file system of the cache and return its path. The caller may rename files from it into cache
 * entries. Also removes what ended processes left.
 */
export async function openScratch(cache: string): Promise<string> {
  const root = join(cache, 'scratch')
  await makeFolder(root)
  await removeOrphans(cache, root)
  return mkdtemp(join(root, `${ownToken(cache)}-`))
}

/** Bytes of a temporary folder's path that leave room for a name in it: the path of a socket has at most 107 (unix(7)). */
const MAX_TMPDIR = 80

/**
 * Create an empty folder for sockets, pipes and other small files in TMPDIR, and return its path. Throws InfraError when TMPDIR
 * cannot be written.
 */
export function makeTemporaryFolder(): Promise<string> {
  const root = Buffer.byteLength(tmpdir()) > MAX_TMPDIR ? '/tmp' : tmpdir()
  return writeAt(root, 'set TMPDIR to a folder that can be written', () => mkdtemp(join(root, 'kwitness-')))
}

/** Write into cache, state and TMPDIR, to know before the work what takes nothing. Throws InfraError for the first of them. */
export async function probeWorkspace({ cache, state }: Workspace): Promise<void> {
  await probeFolder(cache, 'free some space or set KWITNESS_CACHE to a folder that can be written')
  await probeFolder(state, 'free some space or set KWITNESS_STATE to a folder that can be written')
  await rm(await makeTemporaryFolder(), { recursive: true })
}
