/** The host of a run, as the store and the report have it. */
import { z } from 'zod'
import type { Report } from '#domain/report/matrix.ts'
import { schemaOf, text } from './basics.ts'

export const runHostSchema = schemaOf<Report['run']['host']>()(
  z.object({ kernel: text, qemu: text, cpus: z.int().min(1), accelerator: text }),
)
