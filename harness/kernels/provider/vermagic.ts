/** The releases that kernel modules were built for: the first word of their `vermagic` (include/linux/vermagic.h). */
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'
import { runScript } from '#harness/support/git.ts'

/** The release in a decompressed module; null when it names none. */
function vermagicOf(module: Buffer): string | null {
  const start = module.indexOf('vermagic=')
  if (start < 0) return null
  return /^vermagic=([\w.+~-]+)/.exec(module.toString('latin1', start, start + 256))?.[1] ?? null
}

/** One xz for many modules: starting one for each takes longer than decompressing them. */
const XZ = `xargs -0r xz --decompress --stdout | grep -aoE 'vermagic=[[:alnum:]_.+~-]+' | sort -u`

/** All releases that these modules name, sorted. One that is damaged or names none adds nothing. */
export async function releasesOf(paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>()
  for (const path of paths.filter((one) => !one.endsWith('.xz'))) {
    const release = await plainBytes(path).then(vermagicOf, () => null)
    if (release !== null) found.add(release)
  }
  const packed = paths.filter((one) => one.endsWith('.xz'))
  if (packed.length > 0) {
    const input = packed.map((path) => `${path}\0`).join('')
    const { stdout } = await runScript(XZ, [], { input, anyExit: true })
    for (const line of stdout.split('\n').filter(Boolean)) found.add(line.slice('vermagic='.length))
  }
  return [...found].toSorted()
}

async function plainBytes(path: string): Promise<Buffer> {
  const bytes = await readFile(path)
  if (path.endsWith('.gz')) return promisify(gunzip)(bytes)
  return path.endsWith('.zst') ? promisify(zstdDecompress)(bytes) : bytes
}
