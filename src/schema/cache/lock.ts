/** The note that the holder of a lock leaves in the lock file, for whoever waits. */
import { z } from 'zod'
import { text } from '../basics.ts'

export const lockNoteSchema = z.object({
  /** The word of the process (harness/support/owner.ts), so that a note of an ended one is not taken for news. */
  owner: text,
  command: text,
  /** ISO 8601. */
  since: text,
  doing: text,
})
