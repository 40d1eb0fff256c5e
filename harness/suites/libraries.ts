/** Optional static libraries that some programs of suites link. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { globSync } from 'node:fs'

/** The optional libraries of harness/host/dependencies.txt. */
const PATTERNS = ['liburing', 'libnuma', 'libcap'].map((name) => `/usr/lib/*-linux-gnu/${name}.a`)

/** The libraries that this host has, each as `SHA256 PATH`: they are inputs of the programs that link them. */
export async function installedLibraries(patterns: readonly string[] = PATTERNS): Promise<string[]> {
  const paths = patterns.flatMap((pattern) => globSync(pattern)).toSorted()
  const sums = paths.map(
    async (path) =>
      `${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')} ${path}`,
  )
  return Promise.all(sums)
}
