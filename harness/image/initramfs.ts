/** The initramfs of every guest: the agent and its mount points. */
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isIntact, publishSealed } from '../support/sealed.ts'
import { writeInitramfsCpio } from './cpio.ts'
import { buildProgram } from './program.ts'

const FOLDERS = ['case', 'dev', 'proc', 'sys', 'tmp']

export interface Initramfs {
  readonly path: string
  readonly sha256: string
}

/** Build the initramfs from the agent's sources in `agentFolder`, or find it in the cache. */
export async function buildInitramfs(cache: string, agentFolder: string): Promise<Initramfs> {
  const names = (await readdir(agentFolder)).filter((file) => file.endsWith('.c')).toSorted()
  const agent = await buildProgram(
    cache,
    names.map((name) => join(agentFolder, name)),
    [agentFolder],
  )
  const archive = writeInitramfsCpio([
    ...FOLDERS.map((name) => ({ name, folder: true as const })),
    { name: 'init', data: await readFile(agent.path), executable: true },
  ])
  const sha256 = createHash('sha256').update(archive).digest('hex')
  const entry = join(cache, 'initramfs', sha256)
  if (!(await isIntact(entry))) await publishSealed(entry, (temporary) => writeFile(join(temporary, 'initramfs.cpio'), archive))
  return { path: join(entry, 'initramfs.cpio'), sha256 }
}
