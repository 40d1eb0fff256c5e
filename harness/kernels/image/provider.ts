/** The `image` provider: the kernel on a disk of the user, booted by the disk's own boot loader. A guest is asked which it is. */
import { UserError } from '#domain/errors.ts'
import type { Kernel, KernelImage, ListedKernel } from '#domain/kernel.ts'
import { seriesOf } from '#domain/version.ts'
import type { DiskImageRecord } from '#schema/cache/image.ts'
import { readBanner } from '../file/image.ts'
import { kernelByPrefix } from '../provider/prefix.ts'
import type { KernelContext, Provider } from '../provider/provider.ts'
import { buildOf, findImage, keepRecord, listRecords, readImage } from './inspect.ts'
import { parseImageSelector } from './selector.ts'

export const image: Provider = {
  name: 'image',
  async list(part, context) {
    return part === '' ? listKnown(context) : [await importImage(part, context)]
  },
  async find(id, context) {
    const known = kernelByPrefix(id, await listKnown(context))
    if (!known) throw new UserError(`${id} is not a disk image that kwitness knows`, 'give it again: image:/path/to/disk.qcow2')
    return known
  },
  async fetch(kernel, { workspace }) {
    return imageOf(kernel, await findImage(kernel.build, workspace))
  },
  async findCached(kernel, { workspace }) {
    const record = await findImage(kernel.build, workspace).catch((error: unknown) => {
      if (error instanceof UserError) return null
      throw error
    })
    return record && imageOf(kernel, record)
  },
  async modulesKey() {
    return null
  },
  async fetchModules(kernel) {
    throw new UserError(`${kernel.id} has its modules on its own disk`)
  },
  async buildTree() {
    return { unavailable: 'the kernel of a disk image comes with no headers' }
  },
}

function imageOf(kernel: Kernel, { path, format, sha256, user, key }: DiskImageRecord): KernelImage {
  const disk = { path, format, user, key }
  return { kernel, sha256, bzImage: null, vmlinux: null, config: null, modules: null, disk }
}

async function importImage(part: string, context: KernelContext): Promise<ListedKernel> {
  const record = await readImage(parseImageSelector(part), context)
  if (record.kernel !== null) return listed(record, record.kernel)
  if (context.askImage === undefined) {
    throw new UserError(`nobody has booted ${record.path} yet to see its kernel`, `kwitness run --kernels image:${part}`)
  }
  const kernel = await context.askImage(imageOf(kernelOf(record, { release: '', build: '' }), record))
  await keepRecord(context.workspace, { ...record, kernel })
  return listed(record, kernel)
}

type Banner = NonNullable<DiskImageRecord['kernel']>

function kernelOf(record: DiskImageRecord, { release, build: words }: Banner): Kernel {
  const { version } = readBanner(`${release} ${words}`)
  const build = buildOf(record)
  const id = `image-${version}-${build}`
  return { id, provider: 'image', version, series: seriesOf(version), build, flavour: 'custom', arch: 'x86_64' }
}

function listed(record: DiskImageRecord, kernel: Banner): ListedKernel {
  return { ...kernelOf(record, kernel), state: 'cached', bytes: record.bytes, origin: record.path }
}

async function listKnown({ workspace }: KernelContext): Promise<ListedKernel[]> {
  return (await listRecords(workspace)).flatMap((record) => (record.kernel === null ? [] : listed(record, record.kernel)))
}
