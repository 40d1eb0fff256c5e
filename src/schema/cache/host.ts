/** What the cache keeps of this host, because it takes long to find out. */
import { z } from 'zod'
import { count, list, seconds, sha256, text, type DataOf } from '../basics.ts'
import { accelerator } from '../evidence.ts'

/**
 * What came of asking for KVM. `works`: a guest spoke in time; `late`: one spoke, but long after the usual time; `absent`:
 * there is no /dev/kvm; `forbidden`: it cannot be opened; `refused`: QEMU could not use it; `failed`: the guest ended or sent
 * garbage; `silent`: the guest did not speak while one under TCG did; `broke`: it worked before, and does not any more;
 * `unclear`: no guest spoke under TCG either, so the silence says nothing about KVM.
 */
const kvmOutcome = z.enum(['works', 'late', 'absent', 'forbidden', 'refused', 'failed', 'silent', 'broke', 'unclear'])

export type KvmOutcome = DataOf<typeof kvmOutcome>

const kvmDecision = z.object({
  outcome: kvmOutcome,
  /** Why KVM is not used, or what was odd about it, for people; null where it works as usual. */
  why: text.nullable(),
  /** ISO 8601 times: when it was decided, and from when on a run asks again. */
  decidedAt: text,
  validUntil: text,
  /** How many times in a row it was decided so. */
  confirmations: count,
})

export type KvmDecision = DataOf<typeof kvmDecision>

/** One guest that was booted to decide. */
const boot = z.object({
  accelerator,
  /** Host seconds to the agent's first word; null for a guest that did not speak. */
  seconds: seconds.nullable(),
  /** Host seconds that it was given; it may have been ended before, when another guest had decided. */
  limitSeconds: seconds,
  /** Why it did not speak; null where it did. */
  problem: text.nullable(),
})

export type ProofBoot = DataOf<typeof boot>

const bootTime = z.object({
  /** Host seconds from the start of QEMU to the first word: the least of those measured. None is waited for longer. */
  seconds: seconds.max(300),
  measuredAt: text,
  validUntil: text,
  /** The host was loaded or slow: the time is measured again soon. */
  isDoubtful: z.boolean(),
})

export type BootTime = DataOf<typeof bootTime>

/** `key`: the host that the proof holds for. */
export const acceleratorSchema = z.object({
  schema: z.literal('kwitness.accelerator/2'),
  key: text,
  /** Null where only TCG was asked for. */
  kvm: kvmDecision.nullable(),
  bootTimes: z.object({ kvm: bootTime.nullable(), tcg: bootTime.nullable() }),
  /** The guests of the newest decision, in the order of their ends. */
  boots: list(boot),
})

export type AcceleratorProof = DataOf<typeof acceleratorSchema>

/** The rate of the time stamp counter of this CPU, as it was measured in one boot of the host; older files do not name it. */
export const tscSchema = z.object({ cpuModel: text, bootId: text.optional(), khz: z.int().min(100_000).max(20_000_000) })

/** The QEMU that was hashed last: the file is hashed again when its path, size or modification time changes. */
export const qemuSchema = z.object({ path: text, bytes: count, mtimeMs: z.number(), sha256 })
