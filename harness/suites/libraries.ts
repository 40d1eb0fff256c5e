/** Static libraries that some programs of suites link: good to have, and part of what a program is made of. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { globSync } from 'node:fs'

/** As harness/host/dependencies.txt lists them among the optional. */
const PATTERNS = ['liburing', 'libnuma', 'libcap'].map((name) => `/usr/lib/*-linux-gnu/${name}.a`)

/** Those that are here, each with the sha256 of its bytes. */
export async function librariesHere(patterns: readonly string[] = PATTERNS): Promise<string[]> {
  const paths = patterns.flatMap((pattern) => globSync(pattern)).toSorted()
  const sums = paths.map(
    async (path) =>
      `${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')} ${path}`,
  )
  return Promise.all(sums)
}
