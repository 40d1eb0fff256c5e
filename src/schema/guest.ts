/** What the agent in a guest (vm-images/guest) and its QEMU say in JSON. A guest may say anything. */
import { z } from 'zod'
import { anything, text, type DataOf } from './basics.ts'

export const helloSchema = z.object({
  release: text,
  build: text,
  cpus: z.int(),
  memoryKiB: z.int(),
  /** /proc/sys/kernel/tainted after the boot; below 0 when it cannot be read. */
  taint: z.int(),
})

/** What the agent says of its guest when it is ready. */
export type Hello = DataOf<typeof helloSchema>

/** The agent says -1 for what there is none of. */
const known = z.int().min(0).nullable().catch(null)

/** How the program of a case ended: by itself with a code, or by a signal. */
export const endSchema = z
  .object({
    code: known,
    signal: known,
    timedOut: z.boolean(),
    seconds: z.number(),
    taintBefore: known,
    taintAfter: known,
  })
  .refine(({ code, signal }) => (code === null) !== (signal === null))

/** A message of QMP: an event, the answer to a command, the refusal of one, or the greeting. */
export const qmpMessageSchema = z.looseObject({
  event: text.optional(),
  data: z.record(text, anything).optional(),
  error: z.object({ desc: text.optional() }).optional(),
})

/** The answer to `query-status`. */
export const runStateSchema = z.object({ status: text.optional() })

/** The answer to `query-migrate`. */
export const migrationSchema = z.object({ status: text.optional() })
