/** The accelerator that a benchmark measures: the one that a guest proves on this host, or the one that --accel names. */
import type { KernelImage } from '#domain/kernel.ts'
import type { Accelerator } from '#domain/profile.ts'
import { proveAccelerator } from '#harness/boot/accelerator/prove.ts'
import type { Host } from '#harness/boot/qemu/host.ts'
import type { Initramfs } from '#harness/image/initramfs.ts'

/** Seconds that a boot has on a host that is not known to be slow. */
const MIN_LIMIT_SECONDS = 120
const LIMIT_FACTOR = 12

export interface BenchAccelerator {
  readonly accelerator: Accelerator
  /** Host seconds of a boot. */
  readonly bootSeconds: number
  /** Seconds in which a guest boots or is restored, with much room. */
  readonly limitSeconds: number
}

/** Prove it with this kernel, and say on stderr which it is. Throws where `wanted` is no accelerator, or KVM does not work. */
export async function chooseAccelerator(
  cache: string,
  { image, initramfs, host }: { readonly image: KernelImage; readonly initramfs: Initramfs; readonly host: Host },
  wanted: string | undefined,
): Promise<BenchAccelerator> {
  if (wanted !== undefined && wanted !== 'kvm' && wanted !== 'tcg') throw new Error(`--accel takes kvm or tcg, not ${wanted}`)
  const proven = await proveAccelerator(cache, image, initramfs, host, { wanted, note: console.error })
  const { accelerator, bootSeconds, why } = proven
  if (wanted === 'kvm' && accelerator !== 'kvm') throw new Error(`KVM was asked for and does not work here: ${why}`)
  console.error(`guests run under ${accelerator.toUpperCase()}${why === null ? '' : `: ${why}`}`)
  return { accelerator, bootSeconds, limitSeconds: Math.max(MIN_LIMIT_SECONDS, LIMIT_FACTOR * bootSeconds) }
}
