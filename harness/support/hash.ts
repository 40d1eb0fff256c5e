/** Hashes of files: of one, and of sources as a version, because what a program decides changes when one of its files does. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** The sha256 of a file of any size, in hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

/** sha256 (hex) over the names and contents of all TypeScript files in these folders and below. */
export async function hashSources(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts')).toSorted()
    const contents = await Promise.all(names.map((name) => readFile(join(folder, name))))
    for (const [index, content] of contents.entries()) hash.update(`\0${names[index]}\0`).update(content)
  }
  return hash.digest('hex')
}
