/** Debian's linux-source packages in the private apt root. */
import { join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'
import { foundSourceSchema, type SourcePackage } from '#schema/cache/debian.ts'
import { readJsonCache } from '#harness/support/json-cache.ts'
import { replaceFile } from '#harness/support/workspace.ts'
import { aptOptions } from '#harness/kernels/debian/apt.ts'
import { readDebianIndex } from '#harness/kernels/debian/index.ts'
import { upstreamVersion } from '#harness/kernels/debian/packages.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'

/**
 * The newest version of a package, or the version `build`. Caches the answer of apt until the index is refreshed.
 * Throws UserError when no suite has the package.
 */
export async function findSourcePackage(name: string, build: string | null, context: KernelContext): Promise<SourcePackage> {
  const { root, index } = await readDebianIndex(context)
  const wanted = build === null ? name : `${name}=${build}`
  const memo = join(root.folder, `${wanted}.json`)
  const known = await readJsonCache(memo, foundSourceSchema)
  if (known?.refreshedAt === index.refreshedAt) return known.found
  const args = ['-c', root.config, '-q', 'download', '--print-uris', wanted]
  const { stdout, stderr } = await runCommand('apt-get', args, { ...aptOptions(context), anyExit: true })
  const found = parsePrintedUri(stdout)
  if (!found) {
    const why = /^E: (.+)$/m.exec(stderr)?.[1] ?? 'apt names no file of it'
    throw new UserError(`Debian does not have ${wanted}: ${why}`, 'see which series it has: kwitness kernels list')
  }
  await replaceFile(memo, JSON.stringify({ refreshedAt: index.refreshedAt, found }))
  return found
}

const PRINTED = /^'(\S+)' [^_\s]+_([^_\s]+)_\w+\.deb (\d+) SHA256:([0-9a-f]{64})$/m

/** Parse the output of `apt-get --print-uris`: 'URI' NAME_VERSION_ARCH.deb BYTES SHA256:HASH, where %3a is a colon; else null. */
export function parsePrintedUri(text: string): SourcePackage | null {
  const [, uri, escaped = '', bytes, sha256] = PRINTED.exec(text) ?? []
  if (uri === undefined || sha256 === undefined) return null
  const build = escaped.replaceAll(/%3a/gi, ':')
  return { build, version: upstreamVersion(build), file: { sha256, bytes: Number(bytes), uris: [uri] } }
}
