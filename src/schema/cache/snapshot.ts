/** The manifest of a snapshot (harness/boot/snapshot). A hash over this data seals it: its order counts. */
import { z } from 'zod'
import { helloSchema } from '../guest.ts'
import { count, text, type DataOf } from '../basics.ts'
import { bootMethod } from '../evidence.ts'

export const snapshotSchema = z.object({
  schema: z.literal('kwitness.guest/2'),
  /** Name of its folder: what it was booted from, so that one guest's folder is not taken for another's. */
  key: text,
  bootMethod,
  hello: helloSchema,
  /** Host seconds the boot took when it was saved. */
  readySeconds: z.number(),
  stateSha256: text,
  logSha256: text,
  ramBytes: count,
  /** Whole seconds. The file is never written again: one with this size, time and samples counts as intact. */
  ramMtimeMs: z.number(),
  ramSampleSha256: text,
  /** The host key of its sshd. */
  hostKey: text.exactOptional(),
  /** Of what it has written above the image of its disk. */
  layerSha256: text.exactOptional(),
})

export type SnapshotManifest = DataOf<typeof snapshotSchema>
