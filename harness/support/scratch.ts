/** Folders for what is not finished: each belongs to a process, and goes with it. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from './workspace.ts'

const OWNED = /^(\d+)-/

/** Remove the folders of processes that are gone. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = OWNED.exec(name)?.[1]
    if (owner === undefined || !(await exists(join('/proc', owner)))) await rm(join(root, name), { recursive: true, force: true })
  }
}

/** A new empty folder in this cache, on the same file system as its entries; what dead processes left is removed. */
export async function openScratch(cache: string): Promise<string> {
  const root = join(cache, 'scratch')
  await mkdir(root, { recursive: true })
  await sweep(root)
  return mkdtemp(join(root, `${process.pid}-`))
}
