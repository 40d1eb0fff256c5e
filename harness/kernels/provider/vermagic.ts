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

/** One xz for many modules: starting one for each takes longer than decompressing them. It fails where one is damaged. */
const XZ = `xargs -0r xz --decompress --stdout | { grep -aoE 'vermagic=[[:alnum:]_.+~-]+' || true; } | sort -u`

/** The first of these that xz cannot decompress. */
const FIRST_DAMAGED = `while IFS= read -rd '' path; do xz --test -- "$path" 2>&- || { printf %s "$path"; break; }; done`

/** What some modules say of themselves. */
interface Inspected {
  /** All releases that they name, sorted. */
  readonly releases: string[]
  /** One that cannot be decompressed or names no release, if there is any: no kernel loads it. */
  readonly damaged: string | null
}

/** Read and decompress these modules. */
export async function inspectModules(paths: readonly string[]): Promise<Inspected> {
  const found = new Set<string>()
  let damaged: string | null = null
  for (const path of paths.filter((one) => !one.endsWith('.xz'))) {
    const release = await plainBytes(path).then(vermagicOf, () => null)
    if (release === null) damaged ??= path
    else found.add(release)
  }
  const packed = paths.filter((one) => one.endsWith('.xz'))
  if (packed.length > 0) {
    const options = { input: packed.map((path) => `${path}\0`).join(''), anyExit: true }
    const { stdout, exitCode } = await runScript(XZ, [], options)
    for (const line of stdout.split('\n').filter(Boolean)) found.add(line.slice('vermagic='.length))
    if (exitCode !== 0) damaged ??= (await runScript(FIRST_DAMAGED, [], options)).stdout || null
  }
  return { releases: [...found].toSorted(), damaged }
}

/** All releases that these modules name, sorted. One that is damaged or names none adds nothing. */
export async function releasesOf(paths: readonly string[]): Promise<string[]> {
  return (await inspectModules(paths)).releases
}

async function plainBytes(path: string): Promise<Buffer> {
  const bytes = await readFile(path)
  if (path.endsWith('.gz')) return promisify(gunzip)(bytes)
  return path.endsWith('.zst') ? promisify(zstdDecompress)(bytes) : bytes
}
