/** What the cache keeps of this host, because it takes long to find out. */
import { z } from 'zod'
import { text, type DataOf } from '../basics.ts'
import { accelerator } from '../evidence.ts'

const provenAccelerator = z.object({
  accelerator,
  /** Host seconds a guest took to its first word. */
  bootSeconds: z.number(),
  /** Why it is not KVM, for people; null where it is. */
  why: text.nullable(),
})

export type ProvenAccelerator = DataOf<typeof provenAccelerator>

/** `key`: the host that the proof holds for. */
export const acceleratorSchema = z.object({ key: text, proven: provenAccelerator })

/** The rate of the time stamp counter of this CPU. */
export const tscSchema = z.object({ cpuModel: text, khz: z.int().min(1) })
