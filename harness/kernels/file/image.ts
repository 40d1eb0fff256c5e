/** A kernel file that the user named: its kind by content, its version by banner, its identity by hash. */
import { createHash } from 'node:crypto'
import { cp, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { parseVersion } from '#domain/version.ts'
import { exists, isShortage, makeFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { hashFile } from '../provider/cache.ts'
import { upstreamVersion } from '../debian/packages.ts'
import { indexModules } from '../provider/modules.ts'
import { isX86Elf, lengthOfElf, readBootHeader } from '../provider/vmlinux.ts'

/** The selector `file:/path/to/bzImage,config=/path,modules=/lib/modules/RELEASE`. */
export interface FileSelector {
  readonly image: string
  readonly config: string | null
  readonly modules: string | null
}

export interface GivenImage {
  readonly kind: 'bzImage' | 'vmlinux'
  readonly bytes: Buffer
  /** `uname -r` and the upstream version from its banner; `unknown` without a banner. */
  readonly release: string
  readonly version: string
}

/** Parse the part of a selector behind `file:`. Throws UserError for an unknown option or a missing image. */
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
  if (image === '') throw new UserError(`file:${part} does not name an image`, 'write file:/path/to/bzImage')
  return { image, ...found }
}

/** Release and version from a kernel's banner: `6.1.0-47-cloud-amd64 (...) #1 SMP Debian 6.1.170-3 (...)` is 6.1.170. */
export function readBanner(text: string): { release: string; version: string } {
  const release = /^[\w.+~-]+/.exec(text)?.[0] ?? ''
  const packaged = upstreamVersion(/ Debian (\d[\w.~+-]*)/.exec(text)?.[1] ?? '')
  const plain = /^\d+\.\d+(?:\.\d+)?(?:-rc\d+)?/.exec(release)?.[0] ?? 'unknown'
  return { release, version: parseVersion(packaged) ? packaged : plain }
}

/** Read a bzImage or an x86-64 vmlinux; its content decides which. Throws UserError when it is neither or unreadable. */
export async function readGivenImage(path: string): Promise<GivenImage> {
  const bytes = await readRegularFile(path)
  const header = readBootHeader(bytes)
  if (header && bytes.length < header.length) {
    throw damagedImage(path, `it has ${bytes.length} bytes, its boot header says ${header.length}`)
  }
  if (header) return { kind: 'bzImage', bytes, ...readBanner(header.versionText) }
  if (!isX86Elf(bytes)) {
    throw new UserError(`${path} is neither an x86 bzImage nor an x86-64 vmlinux`, 'give arch/x86/boot/bzImage or vmlinux')
  }
  const length = lengthOfElf(bytes)
  if (bytes.length < length) throw damagedImage(path, `it has ${bytes.length} bytes, its ELF headers say ${length}`)
  const banner = /Linux version (\d[\x20-\x7e]{0,400})/.exec(bytes.toString('latin1', 0, bytes.length))?.[1]
  if (banner === undefined) throw new UserError(`${path} is an ELF file but not a Linux kernel: it has no version banner`)
  return { kind: 'vmlinux', bytes, ...readBanner(banner) }
}

/** The error for an image that is damaged or cut: booting it would say nothing about any kernel. */
export function damagedImage(path: string, why: string): UserError {
  return new UserError(`the kernel ${path} is damaged: ${why}`, 'build it or copy it again')
}

/** A device or a pipe would be read for ever. */
async function readRegularFile(path: string): Promise<Buffer> {
  try {
    if (!(await stat(path)).isFile())
      throw new UserError(`the kernel ${path} is not a file`, 'give arch/x86/boot/bzImage or vmlinux')
    return await readFile(path)
  } catch (error) {
    if (error instanceof UserError || isShortage(error)) throw error
    throw new UserError(`cannot read the kernel ${path}: ${(error as Error).message}`, undefined, { cause: error })
  }
}

/** One hash over the contents of image, config and modules, whatever their paths. Throws UserError when one is missing. */
export async function hashParts({ image, config, modules }: FileSelector): Promise<string> {
  const hash = createHash('sha256').update(`image ${await hashFile(image)}\n`)
  if (config) {
    if (!(await stat(config).catch(whenUnreadable(null)))?.isFile()) throw new UserError(`the config ${config} is not a file`)
    hash.update(`config ${await hashFile(config)}\n`)
  }
  for (const [name, path] of modules ? await moduleFiles(modules) : []) hash.update(`module ${name} ${await hashFile(path)}\n`)
  return hash.digest('hex')
}

/** Copy the modules to `folder`/modules, laid out as /lib/modules/RELEASE, and index them with depmod. */
export async function copyModules(modules: string, folder: string, release: string): Promise<void> {
  const tree = await moduleTree(modules)
  const base = join(folder, 'modules-base')
  const target = join(base, 'lib', 'modules', release)
  await makeFolder(dirname(target))
  // `build` and `source` are links to the source tree of the build, which may be large or gone.
  const links = new Set([join(tree, 'build'), join(tree, 'source')])
  await cp(tree, target, { recursive: true, filter: (path) => !links.has(path) })
  await indexModules(base, release)
  await rename(target, join(folder, 'modules'))
  await rm(base, { recursive: true })
}

/** The folder of the module tree: the one given, or the only release that modules_install put below it. */
async function moduleTree(modules: string): Promise<string> {
  const installed = join(modules, 'lib', 'modules')
  const [release, ...more] = (await exists(installed)) ? await readdir(installed) : []
  const tree = release !== undefined && more.length === 0 ? join(installed, release) : modules
  if (await exists(join(tree, 'kernel'))) return tree
  throw new UserError(`${modules} contains no kernel modules`, 'give the folder /lib/modules/RELEASE of that kernel')
}

/** Name inside the tree and path of every file, sorted. */
async function moduleFiles(modules: string): Promise<(readonly [string, string])[]> {
  const tree = await moduleTree(modules)
  const items = await readdir(tree, { recursive: true, withFileTypes: true })
  const paths = items.filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name))
  return paths.toSorted().map((path) => [path.slice(tree.length + 1), path])
}
