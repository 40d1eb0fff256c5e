/** Schemas of src/domain/report/suite.ts: the suite of a plan. The tables that people write are catalogue/suite.ts. */
import { z } from 'zod'
import type { PlannedSuite } from '#domain/report/suite.ts'
import { list, schemaOf, text } from './basics.ts'

export const plannedSuite = schemaOf<PlannedSuite>()(
  z.object({
    name: text,
    tree: z.object({ label: text, version: text, selector: text, key: text }),
    programs: z.record(text, text),
    notInTree: list(text),
    leftOut: list(z.object({ program: text, why: text })),
  }),
)
