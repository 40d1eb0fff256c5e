/** Fields that several files of the catalogue have. People write these files, so each says what it should hold. */
import { z } from 'zod'

export const sentence = z.string().min(1)
export const words = z.array(z.string())
export const release = z.string().regex(/^\d+\.\d+$/, 'a release such as 6.12')
export const machine = { cpus: z.int().min(1).max(64), memoryMiB: z.int().min(64).max(65536) }
export const timing = z.strictObject({ expectedSeconds: z.number().positive(), timeoutSeconds: z.number().positive() })
