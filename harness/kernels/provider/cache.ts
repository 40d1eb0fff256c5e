/** Cache entries: a folder of files with a manifest of their hashes. A rename publishes it; readers verify it before use. */
import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InfraError } from '#domain/errors.ts'
import type { Kernel, KernelImage, ListedKernel } from '#domain/kernel.ts'
import { manifestSchema, type Manifest } from '#schema/cache/kernel.ts'
import { hashFile } from '#harness/support/hash.ts'
import { createJsonReader } from '#harness/support/json-cache.ts'
import { publishFolder, whenUnreadable, type Workspace } from '#harness/support/workspace.ts'

const MANIFEST = 'manifest.json'
/** The name of an entry: the kernel's id, and the first digits of its hash. */
const ENTRY = /^(.+)@[0-9a-f]{12}$/
const kernelOf = (name: string): string | undefined => ENTRY.exec(name)?.[1]
const readManifestFile = createJsonReader(manifestSchema)

/** Publish an entry: `fill` writes the files into a temporary folder, then the manifest is added. Returns the manifest. */
export async function publishEntry(
  entry: string,
  kernel: Kernel,
  origin: string,
  fill: (folder: string) => Promise<void>,
): Promise<Manifest> {
  // An entry with a damaged manifest counts as missing. It would be in the way of the rename.
  if ((await readManifest(entry)) === null) await rm(entry, { recursive: true, force: true })
  await publishFolder(entry, async (folder) => {
    await fill(folder)
    const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((item) => item.isFile())
      .map((item) => join(item.parentPath, item.name).slice(folder.length + 1))
    const files: Record<string, Manifest['files'][string]> = {}
    for (const name of names.toSorted()) files[name] = await stampOf(join(folder, name))
    const manifest: Manifest = { schema: 'kwitness.kernel-cache/1', kernel, origin, files }
    await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
  })
  const manifest = await readManifest(entry)
  if (!manifest) throw new InfraError(`the manifest of ${entry} vanished while kwitness wrote the entry`)
  return manifest
}

/**
 * The manifest of an entry; null when the entry is missing, or its manifest is unreadable, lists nothing or is of another kernel
 * than the entry: what a copy or a restored backup put in its place would be tested under a wrong name.
 */
export async function readManifest(entry: string): Promise<Manifest | null> {
  const manifest = await readManifestFile(join(entry, MANIFEST))
  if (manifest === null || Object.keys(manifest.files).length === 0) return null
  return manifest.kernel.id === (kernelOf(basename(entry)) ?? basename(entry)) ? manifest : null
}

/**
 * The path of the first file that differs from the manifest, or that this user may not read; null when all match.
 * Hashes a file only when its modification time is not the recorded one.
 */
export async function findCorrupt(entry: string, manifest: Manifest): Promise<string | null> {
  for (const [name, stamp] of Object.entries(manifest.files)) {
    const path = join(entry, name)
    const now = await stat(path).catch(whenUnreadable(null))
    if (!now?.isFile() || now.size !== stamp.bytes || !(await isReadable(path, now))) return path
    if (now.mtimeMs === stamp.mtimeMs) continue
    if ((await hashFile(path).catch(whenUnreadable(null))) !== stamp.sha256) return path
  }
  return null
}

/** Whether this user may read a file; only where not everybody may is it asked, for there are thousands of modules. */
async function isReadable(path: string, { mode }: Stats): Promise<boolean> {
  if (mode & constants.S_IROTH) return true
  const file = await open(path).catch(whenUnreadable(null))
  await file?.close()
  return file !== null
}

async function stampOf(path: string): Promise<Manifest['files'][string]> {
  const { size, mtimeMs } = await stat(path)
  return { sha256: await hashFile(path), bytes: size, mtimeMs }
}

/** Folder of a kernel's entry: the kernel's id and the first 12 hex digits of the hash of its inputs. */
export function entryPath(workspace: Workspace, id: string, sha256: string): string {
  return join(workspace.cache, 'kernels', `${id}@${sha256.slice(0, 12)}`)
}

/** The kernel entries with a readable manifest and an image, sorted by path; only those of the kernel `id` when it is given. */
export async function listEntries(workspace: Workspace, id?: string): Promise<{ entry: string; manifest: Manifest }[]> {
  const folder = join(workspace.cache, 'kernels')
  const names = (await readdir(folder).catch(whenUnreadable([])))
    .filter((name) => ENTRY.test(name))
    .filter((name) => id === undefined || kernelOf(name) === id)
  const entries = await Promise.all(
    names.toSorted().map(async (name) => {
      const entry = join(folder, name)
      const manifest = await readManifest(entry)
      const hasImage = manifest !== null && ['bzImage', 'vmlinux'].some((image) => Object.hasOwn(manifest.files, image))
      return hasImage ? [{ entry, manifest }] : []
    }),
  )
  return entries.flat()
}

/** The paths of the files of an entry, as callers of fetchKernel get them. */
export function imageOf(entry: string, manifest: Manifest): KernelImage {
  const path = (name: string) => (manifest.files[name] ? join(entry, name) : null)
  const boot = manifest.files['bzImage'] ?? manifest.files['vmlinux']
  const modules = Object.keys(manifest.files).some((name) => name.startsWith('modules/')) ? join(entry, 'modules') : null
  return {
    kernel: manifest.kernel,
    sha256: boot?.sha256 ?? '',
    bzImage: path('bzImage'),
    vmlinux: path('vmlinux'),
    config: path('config'),
    modules,
  }
}

/** Identifies the modules in an entry, by the hashes of its manifest; null when that cannot be read. */
export async function modulesKeyOf({ bzImage, vmlinux }: KernelImage): Promise<string | null> {
  const manifest = await readManifest(dirname(bzImage ?? vmlinux ?? ''))
  if (manifest === null) return null
  const modules = Object.entries(manifest.files).filter(([name]) => name.startsWith('modules/'))
  const lines = modules.map(([name, { sha256 }]) => `${name} ${sha256}\n`).toSorted()
  return createHash('sha256').update(lines.join('')).digest('hex')
}

/** The progress message about a corrupt file, before it is replaced. */
export function corruptMessage(path: string): string {
  return `the cached ${path} is corrupt (its content is not what was recorded); making it again`
}

/** An entry as a row of a listing, with its size in bytes. */
export function cachedKernel({ kernel, origin, files }: Manifest): ListedKernel {
  return { ...kernel, state: 'cached', bytes: Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0), origin }
}
