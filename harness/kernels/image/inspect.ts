/**
 * A disk image of the user: its format, its identity, and how to log in to what it boots. The image is only read. What leads
 * from it to another file (a backing file, an external data file) is refused: an image from elsewhere could name any file.
 */
import { createHash } from 'node:crypto'
import { access, constants, readdir, stat } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { InfraError, UserError } from '#domain/errors.ts'
import { diskImageSchema, imageInfoSchema, type DiskImageRecord } from '#schema/cache/image.ts'
import { readJson } from '#schema/read.ts'
import { readJsonCache, writeJsonCache } from '#harness/support/json-cache.ts'
import { runCommand } from '#harness/support/process.ts'
import { whenUnreadable, type Workspace } from '#harness/support/workspace.ts'
import { hashFile } from '#harness/support/hash.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'
import type { ImageFormat, ImageSelector } from './selector.ts'

/** Reading the head of an image takes milliseconds; one that is made to take longer must not hold a run up. */
const INFO_TIMEOUT_MS = 30_000
/** Hashing more takes long enough to be worth a word. */
const LARGE_BYTES = 2 ** 30
const GIVE = 'give a raw or qcow2 image'
/** Hex digits of the hash by which a kernel names its image. */
const BUILD_DIGITS = 12

const folderOf = ({ cache }: Workspace): string => join(cache, 'images')
const recordFile = (workspace: Workspace, path: string): string =>
  join(folderOf(workspace), `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.json`)

/** The digits of an image's hash that name it in kernels and userlands. */
export const buildOf = ({ sha256 }: Pick<DiskImageRecord, 'sha256'>): string => sha256.slice(0, BUILD_DIGITS)

/**
 * Read an image that the user named and keep what is known of it. Throws UserError for one that is not there, that another
 * process writes, of a format that is not raw or qcow2, and for one that needs another file; InfraError without qemu-img.
 */
export async function readImage(selector: ImageSelector, context: KernelContext): Promise<DiskImageRecord> {
  const path = resolve(selector.path)
  const { size: bytes, mtimeMs } = await statImage(path)
  if (selector.key !== null && selector.key !== 'agent') await checkKey(selector.key)
  const format = await formatOf(path, selector.format)
  const known = await readJsonCache(recordFile(context.workspace, path), diskImageSchema)
  const isKnown = known?.path === path && known.bytes === bytes && known.mtimeMs === mtimeMs
  if (!isKnown && bytes >= LARGE_BYTES) reportProgress(context, null, `hashing ${path}, once`)
  const record: DiskImageRecord = {
    schema: 'kwitness.disk-image/1',
    path,
    format,
    bytes,
    mtimeMs,
    sha256: isKnown ? known.sha256 : await hashFile(path),
    user: selector.user ?? 'root',
    key: selector.key === null || selector.key === 'agent' ? selector.key : resolve(selector.key),
    kernel: isKnown ? known.kernel : null,
  }
  await keepRecord(context.workspace, record)
  return record
}

/** Keep what is known of an image. */
export async function keepRecord(workspace: Workspace, record: DiskImageRecord): Promise<void> {
  await writeJsonCache(recordFile(workspace, record.path), record)
}

/** All images that the cache knows of, whether they are there or not. */
export async function listRecords(workspace: Workspace): Promise<DiskImageRecord[]> {
  const names = (await readdir(folderOf(workspace)).catch(whenUnreadable([]))).filter((name) => name.endsWith('.json'))
  const records = names.toSorted().map((name) => readJsonCache(join(folderOf(workspace), name), diskImageSchema))
  return (await Promise.all(records)).filter((record) => record !== null)
}

/** The image with these first digits of its hash. Throws UserError where it is not known, or not what it was any more. */
export async function findImage(build: string, workspace: Workspace): Promise<DiskImageRecord> {
  const [first, ...others] = (await listRecords(workspace)).filter((record) => buildOf(record) === build)
  if (first === undefined) throw new UserError(`the cache knows no disk image ${build}`, 'give it again: image:/path')
  for (const record of [first, ...others]) {
    const now = await stat(record.path).catch(whenUnreadable(null))
    if (now?.size === record.bytes && now.mtimeMs === record.mtimeMs) return record
  }
  throw new UserError(`the disk image ${first.path} is not what it was any more`, `give it again: image:${first.path}`)
}

async function statImage(path: string): Promise<{ size: number; mtimeMs: number }> {
  const found = await stat(path).catch((cause: Error) => {
    throw new UserError(`cannot read the disk image ${path}: ${cause.message}`, GIVE, { cause })
  })
  if (!found.isFile()) throw new UserError(`the disk image ${path} is not a file`, GIVE)
  if (found.size === 0) throw new UserError(`the disk image ${path} is empty`, GIVE)
  return found
}

async function checkKey(key: string): Promise<void> {
  await access(resolve(key), constants.R_OK).catch((cause: Error) => {
    throw new UserError(`cannot read the key ${key}: ${cause.message}`, 'name a private key, or key=agent', { cause })
  })
}

/**
 * The format of an image. Without a word of the user it is what the image says, except where its name says another thing: a guest
 * that owns a raw disk can write the head of a qcow2 file there, which would name files of the host.
 */
async function formatOf(path: string, given: ImageFormat | null): Promise<ImageFormat> {
  const info = await infoOf(path, given)
  const convert = `make one that stands alone: qemu-img convert -O qcow2 ${path} copy.qcow2`
  if (info.format !== 'raw' && info.format !== 'qcow2') {
    throw new UserError(`${path} is a ${info.format} image, and kwitness boots raw and qcow2`, convert)
  }
  if (given === null && info.format === 'qcow2' && extname(path) === '.raw') {
    throw new UserError(`${path} is named raw and begins as qcow2 does`, 'say which it is: format=raw or format=qcow2')
  }
  if (info.encrypted === true) throw new UserError(`${path} is encrypted, and kwitness has no key for it`, convert)
  const other = info['backing-filename'] ?? info['format-specific']?.data['data-file']
  if (other !== undefined) throw new UserError(`${path} needs a further file, ${other}, which kwitness does not open`, convert)
  return info.format
}

async function infoOf(path: string, given: ImageFormat | null) {
  const format = given === null ? [] : ['-f', given]
  const args = ['info', '--output=json', ...format, path]
  const { stdout, stderr, exitCode } = await runCommand('qemu-img', args, { timeoutMs: INFO_TIMEOUT_MS, anyExit: true }).catch(
    (cause: Error) => {
      throw new InfraError(`cannot look into ${path}: ${cause.message}`, 'apt-get install qemu-utils', { cause })
    },
  )
  const info = exitCode === 0 ? readJson(imageInfoSchema, stdout) : null
  if (info !== null) return info
  const isInUse = stderr.includes('lock')
  const hint = isInUse ? 'a guest that runs writes it: end that guest, or give a copy' : GIVE
  throw new UserError(`cannot read the disk image ${path}: ${stderr.trim().split('\n').at(-1) ?? ''}`, hint)
}
