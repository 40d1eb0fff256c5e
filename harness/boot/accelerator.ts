/** Which accelerator works here, proven by a guest that speaks. /dev/kvm can be there, open, and useless. */
import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { KernelImage } from '#domain/kernel.ts'
import type { Accelerator, GuestProfile } from '#domain/profile.ts'
import type { Host } from './qemu/host.ts'
import type { Initramfs } from '../image/initramfs.ts'
import type { DataOf } from '#schema/basics.ts'
import { acceleratorSchema, type ProvenAccelerator } from '#schema/cache/host.ts'
import { readJsonCache, writeJsonCache } from '../support/json-cache.ts'
import { bootBy, bootFile, BOOT_METHODS } from './qemu/boot.ts'

/** A KVM guest speaks within half a second; one that did not in this time never will. */
const KVM_SECONDS = 5
const TCG_SECONDS = 60
/** What is assumed where no guest could be timed. */
const SLOW_BOOT_SECONDS = 5

async function tryBoot(
  accelerator: Accelerator,
  image: KernelImage,
  initramfs: Initramfs,
  host: Host,
  limitSeconds: number,
  signal: AbortSignal | undefined,
) {
  const road = BOOT_METHODS.find((candidate) => bootFile(image, candidate) !== null) ?? 'pc-bzimage'
  const profile: GuestProfile = { arch: 'x86_64', accelerator, cpus: 1, memoryMiB: 512, cmdline: [] }
  const inputs = { image, initramfs, profile, host }
  const result = await bootBy(road, bootFile(image, road) ?? '', inputs, {
    memory: { kind: 'plain' },
    payload: null,
    limitSeconds,
    signal,
  })
  if (result.ok) await result.qemu.kill()
  signal?.throwIfAborted()
  return result
}

async function prove(
  image: KernelImage,
  initramfs: Initramfs,
  host: Host,
  signal: AbortSignal | undefined,
): Promise<ProvenAccelerator> {
  let why = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => null,
    (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? 'there is no /dev/kvm' : `/dev/kvm cannot be opened (${error.code})`,
  )
  if (why === null) {
    const result = await tryBoot('kvm', image, initramfs, host, KVM_SECONDS, signal)
    if (result.ok) return { accelerator: 'kvm', bootSeconds: result.readySeconds, why: null }
    why = `/dev/kvm is there and no guest runs on it: ${result.reason.split('\n')[0]}`
  }
  const result = await tryBoot('tcg', image, initramfs, host, TCG_SECONDS, signal)
  return { accelerator: 'tcg', bootSeconds: result.ok ? result.readySeconds : SLOW_BOOT_SECONDS, why }
}

const memoIn = (cache: string) => join(cache, 'host', 'accelerator.json')

/** What a proof holds for: it is made again when one of these changes. */
async function proofKey(host: Host): Promise<string> {
  const kvm = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => 'open',
    () => 'closed',
  )
  return JSON.stringify([host.qemu, host.kernel, host.cpuModel, kvm])
}

/** What a guest has proven here before, with the same QEMU, host kernel and CPU; null when none has. */
export async function knownAccelerator(cache: string, host: Host): Promise<ProvenAccelerator | null> {
  const known = await readJsonCache(memoIn(cache), acceleratorSchema)
  return known?.key === (await proofKey(host)) ? known.proven : null
}

/**
 * The accelerator of this host, from the cache where it is known. `isNew` says that a guest was asked just now.
 * Throws the signal's reason when it is aborted meanwhile: nothing is proven then.
 */
export async function proveAccelerator(
  cache: string,
  image: KernelImage,
  initramfs: Initramfs,
  host: Host,
  signal?: AbortSignal,
): Promise<ProvenAccelerator & { readonly isNew: boolean }> {
  const known = await knownAccelerator(cache, host)
  if (known) return { ...known, isNew: false }
  const proven = await prove(image, initramfs, host, signal)
  await writeJsonCache(memoIn(cache), { key: await proofKey(host), proven } satisfies DataOf<typeof acceleratorSchema>)
  return { ...proven, isNew: true }
}
