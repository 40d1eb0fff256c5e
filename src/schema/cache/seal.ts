/** The seal of a cache entry: its files as they were when it was made. */
import { z } from 'zod'
import { count, sha256, text } from '../basics.ts'

export const sealSchema = z.record(text, z.object({ sha256, bytes: count, mtimeMs: z.number() }))
