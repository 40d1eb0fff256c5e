/** Schemas of src/domain/kernel.ts. */
import { z } from 'zod'
import type { Kernel } from '#domain/kernel.ts'
import { schemaOf, text } from './basics.ts'

export const arch = z.enum(['x86_64', 'aarch64'])

export const kernelSchema = schemaOf<Kernel>()(
  z.object({
    id: text,
    provider: z.enum(['debian', 'file', 'tree', 'image', 'host']),
    version: text,
    series: text,
    build: text,
    flavour: text,
    arch,
    host: text.exactOptional(),
  }),
)
