/** The `file` provider: a bzImage or vmlinux of the user, with its config and modules. Selecting it copies it to the cache. */
import { copyFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage, ListedKernel } from '#domain/kernel.ts'
import { seriesOf } from '#domain/version.ts'
import {
  cachedKernel,
  corruptMessage,
  entryPath,
  findCorrupt,
  imageOf,
  listEntries,
  modulesKeyOf,
  publishEntry,
  readManifest,
} from '../provider/cache.ts'
import { damagedImage, hashParts, readGivenImage } from './image.ts'
import { checkModules, copyModules, moduleTree } from './modules.ts'
import { parseFileSelector } from './selector.ts'
import { plainModules } from '../provider/modules.ts'
import { kernelByPrefix } from '../provider/prefix.ts'
import { releasesOf } from '../provider/vermagic.ts'
import { reportProgress, type KernelContext, type Provider } from '../provider/provider.ts'
import { extractVmlinux } from '../provider/vmlinux.ts'

export const file: Provider = {
  name: 'file',
  async list(part, context) {
    return part === '' ? listCached(context) : [await importFile(part, context)]
  },
  async find(id, context) {
    const cached = kernelByPrefix(id, await listCached(context))
    if (!cached) throw new UserError(`${id} is not in the cache`, 'give its file again: file:/path/to/bzImage')
    return cached
  },
  fetch: fetchFile,
  async findCached(kernel, { workspace }) {
    const [cached] = await listEntries(workspace, kernel.id)
    return cached && (await findCorrupt(cached.entry, cached.manifest)) === null ? imageOf(cached.entry, cached.manifest) : null
  },
  modulesKey: modulesKeyOf,
  async fetchModules(kernel, names, context) {
    const image = await fetchFile(kernel, context)
    const plain = join(context.workspace.cache, 'modules', `${kernel.id}.plain`)
    if (image.modules) {
      const modules = await plainModules(image.modules, plain, kernel.id, names, context)
      const { release } = await readGivenImage(image.bzImage ?? image.vmlinux ?? '')
      const [other] = (await releasesOf(modules.map(({ path }) => path))).filter((one) => one !== release)
      if (other !== undefined) throw otherRelease(kernel.id, release, other)
      return modules
    }
    throw new UserError(`${kernel.id} came without modules`, 'give them: file:IMAGE,modules=/lib/modules/RELEASE')
  },
  async buildTree() {
    return { unavailable: 'a kernel image from a file comes with no headers' }
  },
}

/** No UserError, which would make the case be told that there is no module, as if it did not apply. */
function otherRelease(id: string, release: string, other: string): InfraError {
  const what = `${id} is a kernel of release ${release}, and its cached modules are of ${other}`
  return new InfraError(what, 'give its file again: file:IMAGE,modules=/lib/modules/RELEASE')
}

async function importFile(part: string, context: KernelContext): Promise<ListedKernel> {
  const selector = parseFileSelector(part)
  const { kind, bytes, release, version } = await readGivenImage(selector.image)
  const modules = selector.modules === null ? null : await moduleTree(selector.modules, selector.image, release)
  const sha256 = await hashParts(selector, modules)
  const build = sha256.slice(0, 12)
  const id = `file-${version}-${build}`
  const kernel: Kernel = { id, provider: 'file', version, series: seriesOf(version), build, flavour: 'custom', arch: 'x86_64' }
  const entry = entryPath(context.workspace, id, sha256)
  const cached = await readManifest(entry)
  if (cached) {
    const corrupt = await findCorrupt(entry, cached)
    if (corrupt === null) return cachedKernel(cached)
    reportProgress(context, id, corruptMessage(corrupt))
  }
  await rm(entry, { recursive: true, force: true })
  return cachedKernel(
    await publishEntry(entry, kernel, resolve(selector.image), async (folder) => {
      await copyFile(selector.image, join(folder, kind))
      const failed = kind === 'bzImage' ? await extractVmlinux(bytes, join(folder, 'vmlinux'), context.signal) : null
      if (failed?.isDamaged) throw damagedImage(selector.image, failed.why)
      if (failed) reportProgress(context, id, `cannot extract a vmlinux from ${selector.image}: ${failed.why}`)
      if (selector.config) await copyFile(selector.config, join(folder, 'config'))
      if (modules) await checkModules(modules, selector.image, release)
      if (modules) await copyModules(modules, folder, release)
    }),
  )
}

async function listCached({ workspace }: KernelContext): Promise<ListedKernel[]> {
  const entries = await listEntries(workspace)
  return entries.filter(({ manifest }) => manifest.kernel.provider === 'file').map(({ manifest }) => cachedKernel(manifest))
}

async function fetchFile(kernel: Kernel, context: KernelContext): Promise<KernelImage> {
  const cached = (await listEntries(context.workspace)).find(({ manifest }) => manifest.kernel.id === kernel.id)
  if (!cached) throw new UserError(`${kernel.id} is not in the cache`, 'give its file again: file:/path/to/bzImage')
  const corrupt = await findCorrupt(cached.entry, cached.manifest)
  if (corrupt === null) return imageOf(cached.entry, cached.manifest)
  throw new UserError(`the cached ${corrupt} is corrupt`, `give its file again: file:${cached.manifest.origin}`)
}
