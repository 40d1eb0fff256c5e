/** Which accelerator works on this host. Only a guest that boots proves it: /dev/kvm may open and still be unusable. */
import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { KernelImage } from '#domain/kernel.ts'
import type { Accelerator, GuestProfile } from '#domain/profile.ts'
import type { Host } from './qemu/host.ts'
import type { Initramfs } from '../image/initramfs.ts'
import type { DataOf } from '#schema/basics.ts'
import { acceleratorSchema, type ProvenAccelerator } from '#schema/cache/host.ts'
import { readJsonCache, writeJsonCache } from '../support/json-cache.ts'
import { bootWith, bootFile, BOOT_METHODS } from './qemu/boot.ts'

/** A KVM guest greets within half a second; one that has not by then never will. */
const KVM_TIMEOUT_SECONDS = 5
const TCG_TIMEOUT_SECONDS = 60
/** Boot time that is assumed when no guest booted. */
const ASSUMED_BOOT_SECONDS = 5

async function tryBoot(
  accelerator: Accelerator,
  image: KernelImage,
  initramfs: Initramfs,
  host: Host,
  limitSeconds: number,
  signal: AbortSignal | undefined,
) {
  const bootMethod = BOOT_METHODS.find((candidate) => bootFile(image, candidate) !== null) ?? 'pc-bzimage'
  const profile: GuestProfile = { arch: 'x86_64', accelerator, cpus: 1, memoryMiB: 512, cmdline: [] }
  const inputs = { image, initramfs, profile, host }
  const result = await bootWith(bootMethod, bootFile(image, bootMethod) ?? '', inputs, {
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
    const result = await tryBoot('kvm', image, initramfs, host, KVM_TIMEOUT_SECONDS, signal)
    if (result.ok) return { accelerator: 'kvm', bootSeconds: result.readySeconds, why: null }
    why = `/dev/kvm opens, but no guest boots with it: ${result.reason.split('\n')[0]}`
  }
  const result = await tryBoot('tcg', image, initramfs, host, TCG_TIMEOUT_SECONDS, signal)
  return { accelerator: 'tcg', bootSeconds: result.ok ? result.readySeconds : ASSUMED_BOOT_SECONDS, why }
}

const proofFile = (cache: string) => join(cache, 'host', 'accelerator.json')

/** The facts that a proof depends on: when one changes, the proof is repeated. */
async function proofKey(host: Host): Promise<string> {
  const kvm = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => 'open',
    () => 'closed',
  )
  return JSON.stringify([host.qemu, host.kernel, host.cpuModel, kvm])
}

/** The accelerator proven earlier with the same QEMU, host kernel and CPU; null without one. */
export async function knownAccelerator(cache: string, host: Host): Promise<ProvenAccelerator | null> {
  const known = await readJsonCache(proofFile(cache), acceleratorSchema)
  return known?.key === (await proofKey(host)) ? known.proven : null
}

/**
 * The accelerator of this host, from the cache if it is proven there. `isNew` says that a guest was booted for the proof.
 * Throws the signal's reason when it is aborted, and then stores nothing.
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
  await writeJsonCache(proofFile(cache), { key: await proofKey(host), proven } satisfies DataOf<typeof acceleratorSchema>)
  return { ...proven, isNew: true }
}
