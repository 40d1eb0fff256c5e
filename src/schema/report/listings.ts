/** Schemas of what commands list and remove, with --json: each is a JSON Schema in reports/schemas. */
import { z } from 'zod'
import { caseSchema } from '../case.ts'
import { kernelSchema } from '../kernel.ts'
import { runOriginSchema } from '../run.ts'
import { anything, count, list, text } from '../basics.ts'
import { caseContradiction } from './matrix.ts'

const time = text.meta({ description: 'ISO 8601' })

/** `kwitness runs --json`. */
export const runsSchema = z
  .array(
    z.object({
      id: text,
      startedAt: time,
      finishedAt: time.nullable(),
      owner: z.int().nullable().meta({ description: 'The living process that is at it' }),
      state: z.enum(['running', 'resumable', 'finished']),
      kind: text.nullable().meta({ description: 'null where its plan cannot be read' }),
      kernels: list(text),
      cases: list(text),
      made: count,
      reused: count,
      origin: runOriginSchema.nullable(),
    }),
  )
  .meta({ title: 'kwitness runs', description: 'Stored runs' })

/** `kwitness runs rm --json`. */
export const removedRunsSchema = z
  .object({ removed: list(z.object({ id: text, bytes: count })), dryRun: z.boolean() })
  .meta({ title: 'kwitness runs rm', description: 'Runs that were removed, or would be' })

/** `kwitness kernels list --json`. */
export const kernelsSchema = z
  .array(
    kernelSchema.extend({
      state: z.enum(['cached', 'available', 'not-on-mirror']),
      bytes: count.nullable(),
      origin: text,
      asOf: time.nullable().meta({ description: 'Since when the mirror was not asked; null for a kernel that it does not list' }),
      isStale: z.boolean(),
    }),
  )
  .meta({ title: 'kwitness kernels list', description: 'Kernels that can be fetched or are in the cache' })

/** `kwitness kernels pull --json`. */
export const pulledKernelsSchema = z
  .array(z.object({ id: text, file: text.nullable() }))
  .meta({ title: 'kwitness kernels pull', description: 'Kernels that are in the cache now' })

/** `kwitness cases list --json` and, with `contradictions`, `kwitness cases show --json`. */
export const casesSchema = z
  .array(
    caseSchema.omit({ folder: true, schedule: true }).extend({
      schedule: z.record(text, anything).optional().meta({ description: 'A race as data, as case.json has it' }),
      contradictions: list(caseContradiction).optional(),
    }),
  )
  .meta({ title: 'kwitness cases', description: 'Cases of the catalogue' })

/** `kwitness cache --json`. */
export const cacheSchema = z
  .object({
    cache: text,
    kinds: list(z.object({ kind: text, entries: count, bytes: count })),
    others: list(z.object({ name: text, bytes: count })).meta({ description: 'What else lies there, and is never pruned' }),
  })
  .meta({ title: 'kwitness cache', description: 'What the cache holds' })

/** `kwitness cache prune --json`. */
export const prunedCacheSchema = z
  .object({ removed: list(z.object({ kind: text, name: text, bytes: count })), dryRun: z.boolean() })
  .meta({ title: 'kwitness cache prune', description: 'Entries of the cache that were removed, or would be' })
