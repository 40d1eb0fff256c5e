/** A snapshot on disk: its key, its files, and whether they are intact. */
import { createHash } from 'node:crypto'
import { open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { hashFile } from '#harness/support/hash.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { exists, isShortage } from '#harness/support/workspace.ts'
import { snapshotSchema, type SnapshotManifest } from '#schema/cache/snapshot.ts'
import { readJson } from '#schema/read.ts'
import { kernelCmdline, machineIdentity } from '../qemu/argv.ts'
import type { BootInputs } from '../qemu/boot.ts'
import { ramFile, decompressRam } from './compress.ts'

const SCHEMA = 'kwitness.guest/2'
/** The RAM stays in its shared file, and only the device state migrates. QEMU 4.0 and later. */
export const IGNORE_SHARED = { capabilities: [{ capability: 'x-ignore-shared', state: true }] }

/** What a snapshot keeps of the boot. */
export type SnapshotFacts = Pick<SnapshotManifest, 'bootMethod' | 'hello' | 'readySeconds' | 'hostKey'>

export interface Snapshot extends SnapshotFacts {
  readonly folder: string
}

/** Folder of the snapshot of these inputs: a device state loads only into a guest with the same inputs. */
export function snapshotFolder(cache: string, inputs: BootInputs): string {
  const { image, initramfs, profile, host, disk } = inputs
  /* Under KVM the state contains what the host's CPU and its KVM showed to the guest; TCG has a CPU model of its own. */
  const cpu = profile.accelerator === 'kvm' ? [host.kernel, host.cpuModel, host.cpuFeatures] : []
  const { isWritable = false, boots = false, user = '' } = disk ?? {}
  // A disk of the user is another machine, and who logs in may be another one, too.
  const own = isWritable ? [boots, user, JSON.stringify(disk?.login), disk?.seed === null] : []
  const root = disk ? [disk.image.sha256, disk.agent.sha256, ...own] : []
  const machine = [host.qemu, profile, machineIdentity(profile, false), kernelCmdline(profile, host.tscKhz)]
  const words = [SCHEMA, image.sha256, initramfs.sha256, ...machine, ...cpu, ...root]
  return join(cache, 'guests', createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32))
}

export const stateFile = (folder: string): string => join(folder, 'state')
/** The console until the snapshot was saved. */
export const bootLogFile = (folder: string): string => join(folder, 'boot.log')
/** What a guest with a writable disk has written until the snapshot was saved. */
export const layerFile = (folder: string): string => join(folder, 'disk.qcow2')
export const manifestFile = (folder: string): string => join(folder, 'guest.json')

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')
const sha256Of = async (file: string): Promise<string> => sha256(await readFile(file))

const PAGE = 4096
const SAMPLE_INTERVAL = 2 << 20
const PARALLEL_READS = 16

/**
 * sha256 of one page in every 2 MiB of the RAM file; hashing all of it would take longer than a boot. It differs for the RAM of
 * another guest, and for a file that lost pages in a power cut, whatever its modification time is.
 */
async function sampleOf(file: string, bytes: number): Promise<string> {
  const pages = Buffer.alloc(Math.ceil(bytes / SAMPLE_INTERVAL) * PAGE)
  const handle = await open(file)
  try {
    const read = async (from: number): Promise<void> => {
      for (let at = from; at * SAMPLE_INTERVAL < bytes; at += PARALLEL_READS)
        await handle.read(pages, at * PAGE, PAGE, at * SAMPLE_INTERVAL)
    }
    await Promise.all(Array.from({ length: PARALLEL_READS }, (_, from) => read(from)))
    return sha256(pages)
  } finally {
    await handle.close()
  }
}

/** The manifest as JSON with a hash of itself, so that a changed byte in it is detected. */
const sealed = (manifest: SnapshotManifest): string => JSON.stringify({ ...manifest, sha256: sha256(JSON.stringify(manifest)) })

/** Write the manifest for the snapshot in `files`, which will be moved to `folder`. Throws the error of the file system. */
export async function writeManifest(files: string, folder: string, facts: SnapshotFacts): Promise<void> {
  const { bootMethod, hello, readySeconds, hostKey } = facts
  const hasLayer = await exists(layerFile(files))
  const now = Math.floor(Date.now() / 1000)
  await utimes(ramFile(files), now, now)
  const ram = await stat(ramFile(files))
  const manifest: SnapshotManifest = {
    schema: SCHEMA,
    key: basename(folder),
    bootMethod,
    hello,
    readySeconds,
    stateSha256: await sha256Of(stateFile(files)),
    logSha256: await sha256Of(bootLogFile(files)),
    ramBytes: ram.size,
    ramMtimeMs: ram.mtimeMs,
    ramSampleSha256: await sampleOf(ramFile(files), ram.size),
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(hasLayer ? { layerSha256: await hashFile(layerFile(files)) } : {}),
  }
  await writeFile(manifestFile(files), sealed(manifest))
}

/** Whether the files of this folder match its manifest. Throws when one is unreadable. */
async function isIntact(folder: string, text: string, manifest: SnapshotManifest): Promise<boolean> {
  const { key, stateSha256, logSha256, ramBytes, ramMtimeMs, ramSampleSha256, layerSha256 } = manifest
  if (text !== sealed(manifest) || key !== basename(folder)) return false
  const isUncompressed = await exists(ramFile(folder))
  if (!isUncompressed && !(await decompressRam(folder, ramMtimeMs))) return false
  const ram = await stat(ramFile(folder))
  if (ram.size !== ramBytes || ram.mtimeMs !== ramMtimeMs) return false
  const found = [sha256Of(stateFile(folder)), sha256Of(bootLogFile(folder)), sampleOf(ramFile(folder), ramBytes)]
  if ((await Promise.all(found)).join() !== [stateSha256, logSha256, ramSampleSha256].join()) return false
  return layerSha256 === undefined || (await hashFile(layerFile(folder))) === layerSha256
}

/**
 * Remove a snapshot. Renames its folder first, because other processes may be removing or replacing it at the same time.
 * A snapshot that is not there is ignored.
 */
export async function removeSnapshot(folder: string): Promise<void> {
  const away = await openScratch(join(folder, '..', '..'))
  await rename(folder, join(away, basename(folder))).catch(() => undefined)
  await rm(away, { recursive: true, force: true })
}

/** The snapshot in this folder, with its RAM ready to be mapped; null when there is none. Removes one that is not intact. */
export async function findSnapshot(folder: string): Promise<Snapshot | null> {
  if (!(await exists(folder))) return null
  try {
    const text = await readFile(manifestFile(folder), 'utf8')
    const manifest = readJson(snapshotSchema, text)
    if (manifest && (await isIntact(folder, text, manifest))) {
      const { bootMethod, hello, readySeconds, hostKey } = manifest
      return { folder, bootMethod, hello, readySeconds, ...(hostKey === undefined ? {} : { hostKey }) }
    }
  } catch (error) {
    if (isShortage(error)) throw error
    /* Not intact. */
  }
  await removeSnapshot(folder)
  return null
}
