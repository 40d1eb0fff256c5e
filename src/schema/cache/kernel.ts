/** The manifest of a kernel in the cache (harness/kernels/provider/cache.ts). */
import { z } from 'zod'
import { count, text, type DataOf } from '../basics.ts'
import { kernelSchema } from '../kernel.ts'

const stamp = z.object({
  sha256: text,
  bytes: count,
  /** Modification time when the hash was taken: a file with this time and size is not hashed again. */
  mtimeMs: z.number(),
})

export const manifestSchema = z.object({
  schema: z.literal('kwitness.kernel-cache/1'),
  kernel: kernelSchema,
  /** For people: the suites that list the kernel, or the path of its file. */
  origin: text,
  /** By path relative to the entry. */
  files: z.record(text, stamp),
})

export type Manifest = DataOf<typeof manifestSchema>
