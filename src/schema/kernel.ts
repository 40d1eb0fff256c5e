/** Shapes of src/domain/kernel.ts. */
import { z } from 'zod'
import type { Kernel, KnownKernel } from '#domain/kernel.ts'
import { shapeOf, text } from './shape.ts'

export const arch = z.enum(['x86_64', 'aarch64'])

export const kernel = shapeOf<Kernel>()(
  z.object({
    id: text,
    provider: z.enum(['debian', 'file', 'tree']),
    version: text,
    series: text,
    build: text,
    flavour: text,
    arch,
  }),
)

export const knownKernel = shapeOf<KnownKernel>()(z.object({ ...kernel.shape, gone: z.boolean() }))
