/** The QEMU of this host: what it says of its version, and which file it is, for two builds can name the same one. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { DataOf } from '#schema/basics.ts'
import { qemuSchema } from '#schema/cache/host.ts'
import { readJsonCache, writeJsonCache } from '#harness/support/json-cache.ts'
import { runCommand } from '#harness/support/process.ts'

/** Its name in PATH. */
export const QEMU = 'qemu-system-x86_64'

/** Starting it takes 0.1 s, but many times that on a loaded host with a cold disk. */
const VERSION_TIMEOUT_MS = 60_000

/** Versions by PATH, which says whose QEMU it is: each guest that starts asks. */
const versions = new Map<string | undefined, Promise<string>>()

/**
 * Its version and its package's, such as `7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)`, asked once. Throws InfraError where it does not
 * start.
 */
export function readQemuVersion(): Promise<string> {
  const path = process.env['PATH']
  const asked = versions.get(path) ?? askVersion()
  // One that cannot start now may be able to later.
  asked.catch(() => versions.delete(path))
  versions.set(path, asked)
  return asked
}

async function askVersion(): Promise<string> {
  const { stdout } = await runCommand(QEMU, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS })
  return (stdout.split('\n')[0] ?? '').replace('QEMU emulator version ', '')
}

/** Major and minor version of QEMU. Throws InfraError where it does not start. */
export async function readQemuRelease(): Promise<readonly [major: number, minor: number]> {
  const [major = 0, minor = 0] = (await readQemuVersion()).split('.').map(Number.parseFloat)
  return [major, minor]
}

/** sha256 (hex) of the QEMU that this process starts; null where PATH has none. The cache knows that of an unchanged file. */
export async function hashQemu(cache: string): Promise<string | null> {
  const file = join(cache, 'host', 'qemu.json')
  const known = await readJsonCache(file, qemuSchema)
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, QEMU)
    const found = await stat(path).catch(() => null)
    if (!found?.isFile()) continue
    const stamp = { path, bytes: found.size, mtimeMs: found.mtimeMs }
    if (known?.path === path && known.bytes === stamp.bytes && known.mtimeMs === stamp.mtimeMs) return known.sha256
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
    // A cache that cannot be written costs the next caller a hash.
    await writeJsonCache(file, { ...stamp, sha256 } satisfies DataOf<typeof qemuSchema>).catch(() => undefined)
    return sha256
  }
  return null
}
