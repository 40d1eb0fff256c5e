/** Scratch folders for unfinished work. Each belongs to one process; a later process removes it when its owner has died. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, makeFolder } from './workspace.ts'

const OWNED = /^(\d+)-/

/** Remove the folders whose process has ended. */
async function removeOrphans(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = OWNED.exec(name)?.[1]
    if (owner === undefined || !(await exists(join('/proc', owner)))) await rm(join(root, name), { recursive: true, force: true })
  }
}

/**
 * Create an empty folder on the file system of the cache and return its path. The caller may rename files from it into cache
 * entries. Also removes what ended processes left.
 */
export async function openScratch(cache: string): Promise<string> {
  const root = join(cache, 'scratch')
  await makeFolder(root)
  await removeOrphans(root)
  return mkdtemp(join(root, `${process.pid}-`))
}
