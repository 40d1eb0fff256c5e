/** What QEMU says on its monitor (QMP), as far as it is read. */
import { z } from 'zod'
import { anything, text } from './basics.ts'

/** An event, the answer to a command, the refusal of one, or the greeting. */
export const qmpMessageSchema = z.looseObject({
  event: text.optional(),
  data: z.record(text, anything).optional(),
  error: z.object({ desc: text.optional() }).optional(),
})

/** The answer to `query-migrate`. */
export const migrationSchema = z.object({ status: text.optional() })
