/** Which accelerator works on this host. Only a guest that boots proves it: /dev/kvm may open and still be unusable. */
import type { KernelImage } from '#domain/kernel.ts'
import type { Accelerator, GuestProfile } from '#domain/profile.ts'
import type { Initramfs } from '#harness/image/initramfs.ts'
import type { AcceleratorProof, BootTime, KvmDecision } from '#schema/cache/host.ts'
import type { Host } from '../qemu/host.ts'
import { askKvm, TCG_SECONDS, type Boot, type BootResult } from './kvm.ts'
import { bootTimeOf, decide, holds, inspectDevice, isUsable, readProof, writeProof } from './store.ts'

/** A boot that takes longer than this was on a loaded or slow host: its time is doubtful. */
const USUAL_BOOT_SECONDS = 3
/** Boot time that is assumed when no guest booted. */
const ASSUMED_BOOT_SECONDS = 5
const DEVICE = '/dev/kvm'

/** What a proof uses of its caller. */
export interface ProofOptions {
  /** Use this one: KVM is then asked with patience whatever the cache says, TCG without asking for KVM. */
  readonly wanted?: Accelerator | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with one sentence when the proof takes longer than usual. */
  readonly note?: (text: string) => void
  /** Path of the device that KVM is used by; another one for tests. */
  readonly device?: string
}

/** The accelerator of this host. */
export interface ProvenAccelerator {
  readonly accelerator: Accelerator
  /** Host seconds a guest took to its first word. */
  readonly bootSeconds: number
  /** Why it is not KVM, for people; null where it is, or where nobody asked. */
  readonly why: string | null
  /** Whether KVM was asked for now, and not taken from the cache. */
  readonly isNew: boolean
}

/** The stored proof, and whether a run would believe it. */
export interface KnownAccelerator extends Pick<AcceleratorProof, 'kvm' | 'bootTimes' | 'boots'> {
  readonly accelerator: Accelerator
  /** Host seconds a guest took to its first word; null without a measurement. */
  readonly bootSeconds: number | null
  /** Whether a run would take the answer from the cache instead of asking again. */
  readonly holds: boolean
}

/** The accelerator proven earlier with the same QEMU, host kernel and CPU; null when there is none. */
export async function knownAccelerator(cache: string, host: Host, device: string = DEVICE): Promise<KnownAccelerator | null> {
  const proof = await readProof(cache, host)
  if (proof === null) return null
  const { kvm, bootTimes, boots } = proof
  const accelerator = kvm !== null && isUsable(kvm.outcome) ? 'kvm' : 'tcg'
  const bootSeconds = bootTimes[accelerator]?.seconds ?? null
  return { accelerator, bootSeconds, kvm, bootTimes, boots, holds: await isBelieved(kvm, device, Date.now()) }
}

/** The accelerator that is wanted, else the one that a guest proved here earlier, else TCG; no guest is asked. */
export async function assumeAccelerator(
  cache: string,
  host: Host,
  wanted?: Accelerator,
): Promise<Pick<ProvenAccelerator, 'accelerator' | 'bootSeconds'>> {
  const known = await knownAccelerator(cache, host)
  const accelerator = wanted ?? (known?.holds ? known.accelerator : 'tcg')
  return { accelerator, bootSeconds: known?.bootTimes[accelerator]?.seconds ?? ASSUMED_BOOT_SECONDS }
}

/** Whether a decision holds: its time has not passed, and the device is as it was. */
async function isBelieved(kvm: KvmDecision | null, device: string, now: number): Promise<boolean> {
  if (kvm === null || !holds(kvm, kvm.decidedAt, now)) return false
  const state = await inspectDevice(device)
  return state === null ? kvm.outcome !== 'absent' && kvm.outcome !== 'forbidden' : state.outcome === kvm.outcome
}

/**
 * The accelerator of this host, from the cache while the answer there holds, else by guests with this image. Throws the
 * signal's reason when it is aborted, and then stores nothing.
 */
export async function proveAccelerator(
  cache: string,
  image: KernelImage,
  initramfs: Initramfs,
  host: Host,
  options: ProofOptions = {},
): Promise<ProvenAccelerator> {
  const { wanted, device = DEVICE, note = () => undefined } = options
  const boots: BootResult[] = []
  const boot: Boot = (accelerator, limitSeconds, stop) =>
    bootOnce(accelerator, image, initramfs, host, limitSeconds, options.signal, stop)
  const before = await readProof(cache, host)
  let kvm = before?.kvm ?? null
  const isBad = wanted === 'kvm' && kvm !== null && !isUsable(kvm.outcome)
  const isNew = wanted !== 'tcg' && (isBad || !(await isBelieved(kvm, device, Date.now())))
  if (isNew) {
    const found = (await inspectDevice(device)) ?? (await askKvm(boot, device, wanted === 'kvm', note))
    if ('boots' in found) boots.push(...found.boots)
    kvm = decide(found.outcome, found.why, before?.kvm ?? null, Date.now())
  }
  const accelerator = wanted === 'tcg' || kvm === null || !isUsable(kvm.outcome) ? 'tcg' : 'kvm'
  const known = before?.bootTimes[accelerator] ?? null
  const isKnown = !isNew && holds(known, known?.measuredAt, Date.now())
  // A guest that KVM was asked with is no measure of TCG, and KVM that was wanted in vain needs none.
  const measured = isKnown || (wanted === 'kvm' && accelerator === 'tcg') ? known : await measure(accelerator, boot, boots)
  if (isNew || measured !== known) {
    const bootTimes = { kvm: null, tcg: null, ...before?.bootTimes, [accelerator]: measured }
    await writeProof(cache, host, { kvm, bootTimes, boots: isNew ? boots.map(stored) : (before?.boots ?? boots.map(stored)) })
  }
  return {
    accelerator,
    bootSeconds: measured?.seconds ?? ASSUMED_BOOT_SECONDS,
    why: accelerator === 'kvm' ? null : (kvm?.why ?? null),
    isNew,
  }
}

const stored = ({ accelerator, seconds, limitSeconds, problem }: BootResult) => ({ accelerator, seconds, limitSeconds, problem })

/**
 * The boot time: the least of what `boots` holds, and of one boot more where there is none or it was slow. One that stays slow
 * is doubtful. Null when no guest boots.
 */
async function measure(accelerator: Accelerator, boot: Boot, boots: BootResult[]): Promise<BootTime | null> {
  const own = () => boots.flatMap((one) => (one.accelerator === accelerator && one.seconds !== null ? [one.seconds] : []))
  const least = () => Math.min(...own())
  for (let more = own().length > 0 ? 1 : 2; more > 0 && (own().length === 0 || least() > USUAL_BOOT_SECONDS); more -= 1) {
    const result = await boot(accelerator, TCG_SECONDS)
    boots.push(result)
    if (result.seconds === null) break
  }
  return own().length === 0 ? null : bootTimeOf(least(), least() > USUAL_BOOT_SECONDS, Date.now())
}

async function bootOnce(
  accelerator: Accelerator,
  image: KernelImage,
  initramfs: Initramfs,
  host: Host,
  limitSeconds: number,
  signal: AbortSignal | undefined,
  stop: AbortSignal | undefined,
): Promise<BootResult> {
  // Loaded here: mostly an earlier guest has proved it.
  const { bootFile, bootWith, BOOT_METHODS } = await import('../qemu/boot.ts')
  const bootMethod = BOOT_METHODS.find((candidate) => bootFile(image, candidate) !== null) ?? 'pc-bzimage'
  const profile: GuestProfile = { arch: 'x86_64', accelerator, cpus: 1, memoryMiB: 512, cmdline: [] }
  const started = performance.now()
  const signals = [signal, stop].filter((one) => one !== undefined)
  const result = await bootWith(
    bootMethod,
    bootFile(image, bootMethod) ?? '',
    { image, initramfs, profile, host },
    {
      memory: { kind: 'plain' },
      payload: null,
      limitSeconds,
      signal: signals.length === 0 ? undefined : AbortSignal.any(signals),
    },
  )
  if (result.ok) await result.qemu.kill()
  signal?.throwIfAborted()
  const own = { accelerator, limitSeconds }
  if (result.ok) return { ...own, seconds: result.readySeconds, problem: null, end: 'spoke' }
  const [reason = ''] = result.reason.split('\n')
  if (stop?.aborted) {
    const waited = ((performance.now() - started) / 1000).toFixed(0)
    return { ...own, seconds: null, problem: `the agent did not greet within ${waited} s`, end: 'silent' }
  }
  return { ...own, seconds: null, problem: reason, end: result.end }
}
