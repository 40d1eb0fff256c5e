/** A saved guest on disk: what it is keyed by, what lies in its folder, and whether that is whole. */
import { createHash } from 'node:crypto'
import { open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { openScratch } from '#harness/support/scratch.ts'
import { exists } from '#harness/support/workspace.ts'
import { snapshotSchema, type SnapshotManifest } from '#schema/cache/snapshot.ts'
import { readJson } from '#schema/read.ts'
import { kernelCmdline } from '../qemu/argv.ts'
import type { BootInputs } from '../qemu/boot.ts'
import { ramFile, decompressRam } from './compress.ts'

const SCHEMA = 'kwitness.guest/1'
/** RAM in a shared file stays where it is; only the devices' state travels. QEMU 4.0 and later. */
export const IGNORE_SHARED = { capabilities: [{ capability: 'x-ignore-shared', state: true }] }

/** What a guest said and took when it was saved. */
export type SnapshotFacts = Pick<SnapshotManifest, 'road' | 'hello' | 'readySeconds'>

export interface Snapshot extends SnapshotFacts {
  readonly folder: string
}

/** Where the guest of these inputs is saved: a state binds to everything it was booted from. */
export function snapshotFolder(cache: string, inputs: BootInputs): string {
  const { image, initramfs, profile, host } = inputs
  /* With the host's own CPU, a state holds what that CPU and this host's KVM showed the guest. TCG has a CPU of its own. */
  const cpu = profile.accelerator === 'kvm' ? [host.kernel, host.cpuModel, host.cpuFeatures] : []
  const words = [SCHEMA, image.sha256, initramfs.sha256, host.qemu, profile, kernelCmdline(profile, host.tscKhz), ...cpu]
  return join(cache, 'guests', createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32))
}

export const stateFile = (folder: string): string => join(folder, 'state')
/** What the console said until the guest was saved. */
export const bootLogFile = (folder: string): string => join(folder, 'boot.log')
export const manifestFile = (folder: string): string => join(folder, 'guest.json')

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')
const sha256Of = async (file: string): Promise<string> => sha256(await readFile(file))

const PAGE = 4096
const SAMPLE_STEP = 2 << 20
const SAMPLES_AT_ONCE = 16

/**
 * sha256 of a page in every 2 MiB of the RAM file: the whole of it would take longer than the boot it saves. Tells another
 * guest's RAM, and one whose pages a power cut lost, whatever its time says.
 */
async function sampleOf(file: string, bytes: number): Promise<string> {
  const pages = Buffer.alloc(Math.ceil(bytes / SAMPLE_STEP) * PAGE)
  const handle = await open(file)
  try {
    const read = async (from: number): Promise<void> => {
      for (let at = from; at * SAMPLE_STEP < bytes; at += SAMPLES_AT_ONCE)
        await handle.read(pages, at * PAGE, PAGE, at * SAMPLE_STEP)
    }
    await Promise.all(Array.from({ length: SAMPLES_AT_ONCE }, (_, from) => read(from)))
    return sha256(pages)
  } finally {
    await handle.close()
  }
}

/** The description as it is written: with a sum of itself behind it, for a changed word in it would be believed. */
const sealed = (manifest: SnapshotManifest): string => JSON.stringify({ ...manifest, sha256: sha256(JSON.stringify(manifest)) })

/** Describe the guest whose files lie in this folder, which is to become `folder`. Throws what the disk says. */
export async function describeGuest(files: string, folder: string, facts: SnapshotFacts): Promise<void> {
  const { road, hello, readySeconds } = facts
  const now = Math.floor(Date.now() / 1000)
  await utimes(ramFile(files), now, now)
  const ram = await stat(ramFile(files))
  const manifest: SnapshotManifest = {
    schema: SCHEMA,
    key: basename(folder),
    road,
    hello,
    readySeconds,
    stateSha256: await sha256Of(stateFile(files)),
    logSha256: await sha256Of(bootLogFile(files)),
    ramBytes: ram.size,
    ramMtimeMs: ram.mtimeMs,
    ramSampleSha256: await sampleOf(ramFile(files), ram.size),
  }
  await writeFile(manifestFile(files), sealed(manifest))
}

/** Whether the files are those that were described for this folder. Throws when one cannot be read. */
async function isWhole(folder: string, text: string, manifest: SnapshotManifest): Promise<boolean> {
  const { key, stateSha256, logSha256, ramBytes, ramMtimeMs, ramSampleSha256 } = manifest
  if (text !== sealed(manifest) || key !== basename(folder)) return false
  const isLoose = await exists(ramFile(folder))
  if (!isLoose && !(await decompressRam(folder, ramMtimeMs))) return false
  const ram = await stat(ramFile(folder))
  if (ram.size !== ramBytes || ram.mtimeMs !== ramMtimeMs) return false
  const found = [sha256Of(stateFile(folder)), sha256Of(bootLogFile(folder)), sampleOf(ramFile(folder), ramBytes)]
  return (await Promise.all(found)).join() === [stateSha256, logSha256, ramSampleSha256].join()
}

/**
 * Remove a saved guest, moved away as a whole first: others may be taking it away, or putting a new one there, at this moment.
 * One that is gone is nobody's loss.
 */
export async function removeSnapshot(folder: string): Promise<void> {
  const away = await openScratch(join(folder, '..', '..'))
  await rename(folder, join(away, basename(folder))).catch(() => undefined)
  await rm(away, { recursive: true, force: true })
}

/** The saved guest in this folder, its RAM ready to be mapped; null when it is not there, or not whole: then the folder goes. */
export async function findSnapshot(folder: string): Promise<Snapshot | null> {
  if (!(await exists(folder))) return null
  try {
    const text = await readFile(manifestFile(folder), 'utf8')
    const manifest = readJson(snapshotSchema, text)
    if (manifest && (await isWhole(folder, text, manifest))) {
      const { road, hello, readySeconds } = manifest
      return { folder, road, hello, readySeconds }
    }
  } catch {
    /* Not whole: fall through. */
  }
  await removeSnapshot(folder)
  return null
}
