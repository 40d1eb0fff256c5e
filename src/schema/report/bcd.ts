/** The schema of `--format bcd` (src/render/bcd.ts): reports/schemas has it as a JSON Schema. */
import { z } from 'zod'
import { oracle } from '../case.ts'
import { verdict } from '../judgement.ts'
import { count, list, text } from '../basics.ts'

const ranged = z.union([text.regex(/^≤?\S+$/), z.literal(false), z.null()])

export const statement = z
  .object({
    introduced: ranged,
    carried_since: ranged,
    removed: text.regex(/^≤?\S+$/).nullable(),
    last_without: text.nullable(),
    last_with: text.nullable(),
    tested: count,
    known: count.nullable(),
    notes: list(text),
    evidence: list(z.object({ kernel: text, verdict, attempt: text.nullable() })),
  })
  .meta({
    id: 'statement',
    description: 'A row of kernels that carry the fix, or what is known where none does; ≤ is said of a value that may be lower',
  })

export const compatFix = z.object({
  title: text,
  subsystem: text,
  symptom: text,
  oracle,
  references: list(text),
  commits: list(text),
  subjects: list(text),
  cve: list(text),
  introduced: text.nullable(),
  support: z.record(text, z.record(text, list(statement))),
})

export const compatSchema = z
  .object({
    schema: z.literal('kwitness.bcd/1'),
    run: z.object({ id: text, startedAt: text, complete: z.boolean() }),
    fixes: z.record(text, compatFix),
  })
  .meta({ title: 'kwitness compatibility data', description: 'For each fix and series of kernels since when it is carried' })
