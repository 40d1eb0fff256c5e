/** What the cache knows of a disk image of the user (harness/kernels/image). */
import { z } from 'zod'
import { count, text, type DataOf } from '../basics.ts'

export const diskImageSchema = z.object({
  schema: z.literal('kwitness.disk-image/1'),
  /** Absolute. */
  path: text,
  format: z.enum(['raw', 'qcow2']),
  /** The file as it was hashed. */
  bytes: count,
  mtimeMs: z.number(),
  sha256: text,
  /** Who logs in. */
  user: text,
  /** Path of a private key, `agent` for the agent of ssh, null where kwitness brings a key by cloud-init. */
  key: text.nullable(),
  /** What a guest said of the kernel on it: `uname -r` and `uname -v`; null before one was asked. */
  kernel: z.object({ release: text, build: text }).nullable(),
})

export type DiskImageRecord = DataOf<typeof diskImageSchema>

/** As much as kwitness reads of what `qemu-img info --output=json` says. */
export const imageInfoSchema = z.object({
  format: text,
  encrypted: z.boolean().optional(),
  'backing-filename': text.optional(),
  'format-specific': z.object({ data: z.looseObject({ 'data-file': z.string().optional() }) }).optional(),
})
