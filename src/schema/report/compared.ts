/** What src/run/report keeps of a report for comparisons: never stored as evidence, made again when rules change. */
import { z } from 'zod'
import type { ComparedReport } from '#domain/report/diff.ts'
import { list, schemaOf, sha256, text } from '../basics.ts'
import { control } from '../control.ts'
import { claim, finding, verdict } from '../judgement.ts'
import { kernelSchema } from '../kernel.ts'

const cell = z.object({
  kernel: text,
  case: text,
  profile: text,
  verdict,
  claim,
  claimSource: text,
  finding,
  summary: text,
  attempts: list(z.object({ id: text })),
})

export const comparedSchema = schemaOf<ComparedReport>()(
  z.object({
    run: z.object({ id: text, startedAt: text, complete: z.boolean() }),
    kernels: list(z.object({ ...kernelSchema.shape, release: text.nullable(), sha256: sha256.nullable() })),
    controls: list(control),
    cases: list(z.object({ id: text, title: text })),
    cells: list(cell),
  }),
)

/** A compared report as it is kept: JSON, deflated, in base64. */
export const keptSchema = z.object({ deflated: text })
