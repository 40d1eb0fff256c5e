/** Source files as a version: what a program of this repository decides changes when one of its files does. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

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
