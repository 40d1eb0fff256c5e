/** A saved guest on disk: what it is keyed by, what lies in its folder, and whether that is whole. */
import { createHash } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BootRoad } from '../../src/domain/profile.ts'
import { exists } from '../workspace.ts'
import { kernelCmdline } from './argv.ts'
import type { BootInputs, Hello } from './boot.ts'

export const SCHEMA = 'kwitness.guest/1'
/** RAM in a shared file stays where it is; only the devices' state travels. QEMU 4.0 and later. */
export const IGNORE_SHARED = { capabilities: [{ capability: 'x-ignore-shared', state: true }] }

export interface SavedGuest {
  readonly folder: string
  readonly road: BootRoad
  readonly hello: Hello
  /** Host seconds the boot took when it was saved. */
  readonly readySeconds: number
}

export interface Manifest {
  readonly schema: typeof SCHEMA
  readonly road: BootRoad
  readonly hello: Hello
  readonly readySeconds: number
  readonly stateSha256: string
  readonly ramBytes: number
  /** Nobody writes to it any more: a file that still has its size and this time is believed. */
  readonly ramMtimeMs: number
}

/** Where the guest of these inputs is saved: a state binds to everything it was booted from. */
export function guestFolder(cache: string, inputs: BootInputs): string {
  const { image, initramfs, profile, qemuVersion, tscKhz } = inputs
  const key = JSON.stringify([SCHEMA, image.sha256, initramfs.sha256, qemuVersion, profile, kernelCmdline(profile, tscKhz)])
  return join(cache, 'guests', createHash('sha256').update(key).digest('hex').slice(0, 32))
}

export const ramFile = (folder: string): string => join(folder, 'ram')
export const stateFile = (folder: string): string => join(folder, 'state')
/** What the console said until the guest was saved. */
export const bootLogFile = (folder: string): string => join(folder, 'boot.log')
export const manifestFile = (folder: string): string => join(folder, 'guest.json')

/** sha256 of a file, hex. */
export async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
}

/** The saved guest in this folder, or null when it is not there or not whole (then the folder is removed). */
export async function findGuest(folder: string): Promise<SavedGuest | null> {
  if (!(await exists(folder))) return null
  try {
    const manifest = JSON.parse(await readFile(manifestFile(folder), 'utf8')) as Manifest
    const { schema, road, hello, readySeconds, stateSha256, ramBytes, ramMtimeMs } = manifest
    const [ram, state] = await Promise.all([
      stat(ramFile(folder)),
      sha256Of(stateFile(folder)),
      stat(bootLogFile(folder)),
    ])
    const isWhole = schema === SCHEMA && ram.size === ramBytes && ram.mtimeMs === ramMtimeMs && state === stateSha256
    if (isWhole) return { folder, road, hello, readySeconds }
  } catch {
    /* Not whole: fall through. */
  }
  await rm(folder, { recursive: true, force: true })
  return null
}
