/** A kernel file that the user named: its kind by content, its version by banner, its identity by hash. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { UserError } from '#domain/errors.ts'
import { parseVersion } from '#domain/version.ts'
import { isShortage, whenUnreadable } from '#harness/support/workspace.ts'
import { hashFile } from '#harness/support/hash.ts'
import { upstreamVersion } from '../debian/archive/packages.ts'
import { isX86Elf, lengthOfElf, readBootHeader } from '../provider/vmlinux.ts'
import { moduleFiles } from './modules.ts'
import type { FileSelector } from './selector.ts'

export interface GivenImage {
  readonly kind: 'bzImage' | 'vmlinux'
  readonly bytes: Buffer
  /** `uname -r` and the upstream version from its banner; `unknown` without a banner. */
  readonly release: string
  readonly version: string
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

/**
 * One hash over the contents of image, config and the module tree, whatever their paths. Throws UserError when one is missing.
 */
export async function hashParts({ image, config }: FileSelector, modules: string | null): Promise<string> {
  const hash = createHash('sha256').update(`image ${await hashFile(image)}\n`)
  if (config) {
    if (!(await stat(config).catch(whenUnreadable(null)))?.isFile()) throw new UserError(`the config ${config} is not a file`)
    hash.update(`config ${await hashFile(config)}\n`)
  }
  for (const [name, path] of modules ? await moduleFiles(modules) : []) hash.update(`module ${name} ${await hashFile(path)}\n`)
  return hash.digest('hex')
}
