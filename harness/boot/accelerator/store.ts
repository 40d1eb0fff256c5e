/** What the cache holds of the accelerators of this host. No answer is final: each says from when on it is asked again. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { acceleratorSchema, type AcceleratorProof, type BootTime, type KvmDecision, type KvmOutcome } from '#schema/cache/host.ts'
import { readJsonCache, writeJsonCache } from '#harness/support/json-cache.ts'
import type { Host } from '../qemu/host.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** A negative answer costs a working KVM a factor of eight, so the first one is asked again soon. */
const FIRST_NEGATIVE_MS = 10 * MINUTE_MS
const MAX_NEGATIVE_MS = 6 * 60 * MINUTE_MS
/** Each confirmation of a negative answer multiplies the time until it is asked again. */
const NEGATIVE_GROWTH = 4
const LATE_MS = 60 * MINUTE_MS
const DOUBTFUL_TIME_MS = 10 * MINUTE_MS

/** Whether guests may use KVM after this outcome. */
export const isUsable = (outcome: KvmOutcome): boolean => outcome === 'works' || outcome === 'late'

/** Milliseconds for which an outcome holds that was found so many times in a row. */
export function lifetimeOf(outcome: KvmOutcome, confirmations: number): number {
  switch (outcome) {
    case 'works':
      return DAY_MS
    case 'late':
      return LATE_MS
    // Each run opens the device before it believes either of them.
    case 'absent':
    case 'forbidden':
      return DAY_MS
    case 'unclear':
      return 0
    default:
      return Math.min(MAX_NEGATIVE_MS, FIRST_NEGATIVE_MS * NEGATIVE_GROWTH ** (confirmations - 1))
  }
}

/**
 * The decision for what was just found (`outcome`, `why`), after `before`, the decision that it replaces. KVM that worked
 * before and does not now `broke`, unless the device itself says why.
 */
export function decide(outcome: KvmOutcome, why: string | null, before: KvmDecision | null, now: number): KvmDecision {
  const worked = before !== null && isUsable(before.outcome)
  const hasBroken = before?.outcome === 'broke' || worked
  const isBreakage = hasBroken && (outcome === 'refused' || outcome === 'failed' || outcome === 'silent')
  const found = isBreakage ? 'broke' : outcome
  const since = worked ? `it worked at ${before.decidedAt} and does not any more: ` : ''
  const confirmations = before?.outcome === found ? before.confirmations + 1 : 1
  return {
    outcome: found,
    why: why === null ? null : `${isBreakage ? since : ''}${why}`,
    decidedAt: new Date(now).toISOString(),
    validUntil: new Date(now + lifetimeOf(found, confirmations)).toISOString(),
    confirmations,
  }
}

/** A boot time that was just measured. */
export function bootTimeOf(seconds: number, isDoubtful: boolean, now: number): BootTime {
  const validUntil = new Date(now + (isDoubtful ? DOUBTFUL_TIME_MS : DAY_MS)).toISOString()
  return { seconds, measuredAt: new Date(now).toISOString(), validUntil, isDoubtful }
}

/**
 * Whether an answer still holds at this time. One from the future holds no longer: the clock was set back. None holds for longer
 * than a day, whatever it says of itself.
 */
export function holds(answer: { readonly validUntil: string } | null, madeAt: string | undefined, now: number): boolean {
  const made = Date.parse(madeAt ?? '')
  return answer !== null && now >= made && now < Math.min(Date.parse(answer.validUntil), made + DAY_MS)
}

/** The state of the device: null when this user can open it, else the outcome and why. */
export async function inspectDevice(device: string): Promise<{ readonly outcome: KvmOutcome; readonly why: string } | null> {
  try {
    await (await open(device, 'r+')).close()
    return null
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    if (code === 'ENOENT') return { outcome: 'absent', why: `there is no ${device}` }
    return { outcome: 'forbidden', why: `${device} cannot be opened (${code})` }
  }
}

const proofFile = (cache: string) => join(cache, 'host', 'accelerator.json')

/** The facts that a proof depends on: when one changes, everything is asked again. */
const keyOf = ({ qemu, kernel, cpuModel }: Host) => JSON.stringify([qemu, kernel, cpuModel])

/** The stored proof for this host, also one that does not hold any more; null when there is none. */
export async function readProof(cache: string, host: Host): Promise<AcceleratorProof | null> {
  const known = await readJsonCache(proofFile(cache), acceleratorSchema)
  return known?.key === keyOf(host) ? known : null
}

/** Store a proof for this host. */
export async function writeProof(cache: string, host: Host, proof: Omit<AcceleratorProof, 'schema' | 'key'>): Promise<void> {
  await writeJsonCache(proofFile(cache), {
    schema: 'kwitness.accelerator/2',
    key: keyOf(host),
    ...proof,
  } satisfies AcceleratorProof)
}

/**
 * A guest under KVM did not start: from now on the stored answer does not hold, so that the next run asks again. Returns
 * whether one held until now.
 */
export async function doubtKvm(cache: string): Promise<boolean> {
  const known = await readJsonCache(proofFile(cache), acceleratorSchema)
  const now = Date.now()
  if (!known?.kvm || !isUsable(known.kvm.outcome) || !holds(known.kvm, known.kvm.decidedAt, now)) return false
  await writeJsonCache(proofFile(cache), { ...known, kvm: { ...known.kvm, validUntil: new Date(now).toISOString() } })
  return true
}
