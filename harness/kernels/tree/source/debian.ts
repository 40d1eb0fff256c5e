/** Debian's linux-source packages. */
import { join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { foundSourceSchema, type SourcePackage } from '#schema/cache/debian.ts'
import { readJsonCache } from '#harness/support/json-cache.ts'
import { replaceFile } from '#harness/support/workspace.ts'
import { archiveOf } from '#harness/kernels/debian/archive/choose.ts'
import { readDebianIndex } from '#harness/kernels/debian/index.ts'
import type { KernelContext } from '#harness/kernels/provider/provider.ts'

/**
 * The newest version of a package, or the version `build`. Caches the answer until the index is refreshed.
 * Throws UserError when no suite has the package.
 */
export async function findSourcePackage(name: string, build: string | null, context: KernelContext): Promise<SourcePackage> {
  const { root, index } = await readDebianIndex(context)
  const wanted = build === null ? name : `${name}=${build}`
  const memo = join(root.folder, `${wanted}.json`)
  const known = await readJsonCache(memo, foundSourceSchema)
  if (known?.refreshedAt === index.refreshedAt) return known.found
  const found = await (await archiveOf(context)).find(root, name, build, context)
  if (typeof found === 'string') {
    throw new UserError(`Debian does not have ${wanted}: ${found}`, 'see which series it has: kwitness kernels list')
  }
  await replaceFile(memo, JSON.stringify({ refreshedAt: index.refreshedAt, found }))
  return found
}
