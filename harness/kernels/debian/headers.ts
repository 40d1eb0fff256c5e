/** Build trees of Debian's kernels: their header packages, unpacked so that they work from the cache. */
import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kernel } from '#domain/kernel.ts'
import { buildRoot } from '#harness/support/build-root.ts'
import { exists, publishFolder } from '#harness/support/workspace.ts'
import type { AptRoot } from './archive/root.ts'
import { unpackDeb } from './fetch.ts'
import { readDebianIndex } from './index.ts'
import type { DebianKernel, HeaderPackage } from '#schema/cache/debian.ts'
import { fetchPoolFile } from './pool.ts'
import { compareDebianVersions } from './archive/version.ts'
import { withCacheLock } from '../provider/lock.ts'
import { isWhole, markWhole } from '../provider/whole-folder.ts'
import { inTurn, reportProgress, type BuildTree, type KernelContext, type Unavailable } from '../provider/provider.ts'

/** The build tree of a Debian kernel, fetched only on use; or why the archive has none. */
export async function debianBuildTree(kernel: Kernel, context: KernelContext): Promise<BuildTree | Unavailable> {
  const { root, index } = await readDebianIndex(context)
  const listed = index.kernels.find(({ id }) => id === kernel.id)
  if (!listed) return { unavailable: `the mirror does not list ${kernel.id} any more, nor its headers` }
  const packages = chooseHeaders(listed, index.headers)
  if ('unavailable' in packages) return packages
  const hash = createHash('sha256')
  for (const { file } of packages) hash.update(file.sha256)
  const key = hash.digest('hex')
  return {
    key,
    async use(work) {
      const tree = await fetchHeaders(listed, packages, key, root, context)
      // Debian's Makefile names a gcc version that this host may not have; BTF of a module needs pahole and is for tracers.
      const folder = join(tree, 'usr', 'src', `linux-headers-${listed.release}`)
      return inTurn(context, () => work(['-C', folder, 'CC=gcc', 'CONFIG_DEBUG_INFO_BTF_MODULES=']))
    },
  }
}

/**
 * The packages that a module for this kernel is compiled against: the headers of its flavour, the headers common to all
 * flavours, and the programs of kbuild. The headers must be of the same build; the dependencies of the packages allow newer
 * programs. Returns the reason when one is missing.
 */
export function chooseHeaders(
  { build, release, flavour, version }: Pick<DebianKernel, 'build' | 'release' | 'flavour' | 'version'>,
  packages: readonly HeaderPackage[],
): readonly HeaderPackage[] | Unavailable {
  const abi = release.slice(0, -flavour.length - 1)
  const series = version.split('.').slice(0, 2).join('.')
  const same = (name: string) => packages.find((item) => item.name === name && item.version === build)
  const own = same(`linux-headers-${release}`)
  const common = (flavour.startsWith('rt-') && same(`linux-headers-${abi}-common-rt`)) || same(`linux-headers-${abi}-common`)
  const kbuild = packages
    .filter(({ name }) => name === `linux-kbuild-${abi}` || name === `linux-kbuild-${series}`)
    .filter((item) => compareDebianVersions(item.version, build) >= 0)
    .toSorted((a, b) => compareDebianVersions(a.version, b.version))[0]
  if (own && common && kbuild) return [own, common, kbuild]
  const headers = !own ? release : !common ? `${abi}-common` : null
  return {
    unavailable: `Debian does not list ${headers === null ? `linux-kbuild-${series}` : `linux-headers-${headers} ${build}`}`,
  }
}

/** The Makefile of a flavour's headers with relative paths: the packages work wherever they are unpacked. */
export function relocatableMakefile(text: string): string {
  return text.replaceAll('/usr/', '../../../usr/')
}

/** Unpack the packages side by side below one folder of the cache, and return that folder. */
async function fetchHeaders(
  { id, release }: DebianKernel,
  packages: readonly HeaderPackage[],
  key: string,
  root: AptRoot,
  outside: KernelContext,
): Promise<string> {
  const entry = join(buildRoot(outside.workspace.cache), 'headers', `${release}@${key.slice(0, 12)}`)
  const path = join(outside.workspace.cache, 'locks', `headers-${release}.lock`)
  const lock = { path, name: `the headers of ${release}`, doing: 'fetching them', kernel: id }
  return withCacheLock(outside, lock, async (context) => {
    if (await isWhole(entry)) return entry
    // A module that does not compile against damaged headers would seem not to exist for this kernel.
    if (await exists(entry)) reportProgress(context, id, `the cached ${entry} is not whole; making it again`)
    await rm(entry, { recursive: true, force: true })
    return inTurn(context, async () => {
      const debs: string[] = []
      for (const { name, version, file } of packages) debs.push(await fetchPoolFile(root, file, `${name} ${version}`, context))
      reportProgress(context, id, 'unpacking its headers')
      return publishFolder(entry, async (folder) => {
        for (const deb of debs) await unpackDeb(deb, folder, ['./usr/src/*', './usr/lib/linux-kbuild-*'], context)
        const own = join(folder, 'usr', 'src', `linux-headers-${release}`, 'Makefile')
        await writeFile(own, relocatableMakefile(await readFile(own, 'utf8')))
        await markWhole(folder)
      })
    })
  })
}
