/** The schema of vm-images/kernels.json: named sets of kernel selectors. */
import { z } from 'zod'
import type { DataOf } from '../basics.ts'
import { sentence } from './fields.ts'

const set = z.strictObject({
  /** The purpose of the set, in one sentence. */
  about: sentence,
  selectors: z.array(sentence).min(1),
})

export type KernelSet = DataOf<typeof set>

/** By name. */
export const kernelSetsSchema = z.record(z.string(), set)
