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

/** The value of --accel, undefined where it was not given. Throws for a word that is not an accelerator. */
export function wantedAccelerator(value: string | undefined): Accelerator | undefined {
  if (value === undefined || value === 'kvm' || value === 'tcg') return value
  throw new Error(`--accel takes kvm or tcg, not ${value}`)
}

/** The words that hand --accel on to a command of kwitness. */
export function acceleratorWords(value: string | undefined): string[] {
  const wanted = wantedAccelerator(value)
  return wanted === undefined ? [] : ['--accel', wanted]
}

/** Say on stderr what guests run under, and why it is not KVM where that is known. */
export function sayAccelerator(accelerator: string, why: string | null = null): void {
  console.error(`guests run under ${accelerator.toUpperCase()}${why === null ? '' : `: ${why}`}`)
}

/** Prove it with this kernel, and say on stderr which it is. Throws where --accel is not an accelerator, or KVM does not work. */
export async function chooseAccelerator(
  cache: string,
  { image, initramfs, host }: { readonly image: KernelImage; readonly initramfs: Initramfs; readonly host: Host },
  value: string | undefined,
): Promise<BenchAccelerator> {
  const wanted = wantedAccelerator(value)
  const proven = await proveAccelerator(cache, image, initramfs, host, { wanted, note: console.error })
  const { accelerator, bootSeconds, why } = proven
  if (wanted === 'kvm' && accelerator !== 'kvm') throw new Error(`KVM was asked for and does not work here: ${why}`)
  sayAccelerator(accelerator, why)
  return { accelerator, bootSeconds, limitSeconds: Math.max(MIN_LIMIT_SECONDS, LIMIT_FACTOR * bootSeconds) }
}
