/** A kernel file the user gave: what it is by its content, which version it says it is, and its parts by hash. */
import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { parseVersion } from '#domain/version.ts'
import { exists } from '#harness/support/workspace.ts'
import { hashFile } from '../provider/cache.ts'
import { upstreamVersion } from '../debian/packages.ts'
import { indexModules } from '../provider/modules.ts'
import { isX86Elf, readBootHeader } from '../provider/vmlinux.ts'

/** What stands behind `file:`: `/path/to/bzImage,config=/path,modules=/lib/modules/RELEASE`. */
export interface FileSelector {
  readonly image: string
  readonly config: string | null
  readonly modules: string | null
}

export interface GivenImage {
  readonly kind: 'bzImage' | 'vmlinux'
  readonly bytes: Buffer
  /** `uname -r` and the upstream version it says it is; `unknown` when it does not say. */
  readonly release: string
  readonly version: string
}

/** Read the part of a selector behind `file:`; throws UserError for an option it does not know. */
export function parseFileSelector(part: string): FileSelector {
  const [image = '', ...options] = part.split(',')
  const found: { config: string | null; modules: string | null } = { config: null, modules: null }
  for (const option of options) {
    const [, key, value] = /^(config|modules)=(.+)$/s.exec(option) ?? []
    if (key !== 'config' && key !== 'modules') {
      throw new UserError(`file:${part}: ${JSON.stringify(option)} is neither config=PATH nor modules=PATH`)
    }
    found[key] = value ?? null
  }
  if (image === '') throw new UserError(`file:${part} names no image`, 'write file:/path/to/bzImage')
  return { image, ...found }
}

/** What a kernel's banner says: `6.1.0-47-cloud-amd64 (...) #1 SMP Debian 6.1.170-3 (...)` is version 6.1.170. */
export function readBanner(text: string): { release: string; version: string } {
  const release = /^[\w.+~-]+/.exec(text)?.[0] ?? ''
  const packaged = upstreamVersion(/ Debian (\d[\w.~+-]*)/.exec(text)?.[1] ?? '')
  const plain = /^\d+\.\d+(?:\.\d+)?(?:-rc\d+)?/.exec(release)?.[0] ?? 'unknown'
  return { release, version: parseVersion(packaged) ? packaged : plain }
}

/** Read a bzImage or an x86-64 vmlinux, told apart by content. Throws UserError when the file is neither or cannot be read. */
export async function readGivenImage(path: string): Promise<GivenImage> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw new UserError(`cannot read the kernel ${path}: ${cause.message}`, undefined, { cause })
  })
  const header = readBootHeader(bytes)
  if (header) return { kind: 'bzImage', bytes, ...readBanner(header.versionText) }
  if (!isX86Elf(bytes)) {
    throw new UserError(`${path} is neither an x86 bzImage nor an x86-64 vmlinux`, 'give arch/x86/boot/bzImage or vmlinux')
  }
  const banner = /Linux version (\d[\x20-\x7e]{0,400})/.exec(bytes.toString('latin1', 0, bytes.length))?.[1]
  if (banner === undefined) throw new UserError(`${path} is an ELF file, but no Linux kernel: it holds no version banner`)
  return { kind: 'vmlinux', bytes, ...readBanner(banner) }
}

/** One hash over image, config and module tree: what was given, whatever the paths. Throws UserError when a part is missing. */
export async function hashParts({ image, config, modules }: FileSelector): Promise<string> {
  const hash = createHash('sha256').update(`image ${await hashFile(image)}\n`)
  if (config) {
    if (!(await stat(config).catch(() => null))?.isFile()) throw new UserError(`the config ${config} is no file`)
    hash.update(`config ${await hashFile(config)}\n`)
  }
  for (const [name, path] of modules ? await moduleFiles(modules) : []) hash.update(`module ${name} ${await hashFile(path)}\n`)
  return hash.digest('hex')
}

/** Copy the given modules to `folder`/modules, laid out as /lib/modules/<release>, with an index of their own. */
export async function copyModules(modules: string, folder: string, release: string): Promise<void> {
  const tree = await moduleTree(modules)
  const base = join(folder, 'modules-base')
  const target = join(base, 'lib', 'modules', release)
  await mkdir(dirname(target), { recursive: true })
  // These two are links to the source tree that made them.
  const links = new Set([join(tree, 'build'), join(tree, 'source')])
  await cp(tree, target, { recursive: true, filter: (path) => !links.has(path) })
  await indexModules(base, release)
  await rename(target, join(folder, 'modules'))
  await rm(base, { recursive: true })
}

/** The folder that holds the modules themselves: the one given, or the one release of a modules_install into it. */
async function moduleTree(modules: string): Promise<string> {
  const installed = join(modules, 'lib', 'modules')
  const [release, ...more] = (await exists(installed)) ? await readdir(installed) : []
  const tree = release !== undefined && more.length === 0 ? join(installed, release) : modules
  if (await exists(join(tree, 'kernel'))) return tree
  throw new UserError(`${modules} holds no kernel modules`, 'give the folder /lib/modules/RELEASE of that kernel')
}

/** Name inside the tree and path of every file, in a fixed order. */
async function moduleFiles(modules: string): Promise<(readonly [string, string])[]> {
  const tree = await moduleTree(modules)
  const items = await readdir(tree, { recursive: true, withFileTypes: true })
  const paths = items.filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name))
  return paths.toSorted().map((path) => [path.slice(tree.length + 1), path])
}
