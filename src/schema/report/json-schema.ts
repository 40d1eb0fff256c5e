/** JSON Schemas of what kwitness writes for other programs, as reports/schemas publishes them. */
import { z } from 'zod'
import { noticeSchema } from './notice.ts'
import { compatSchema } from './bcd.ts'
import { diffSchema } from './diff.ts'
import { gapsSchema } from './gaps.ts'
import {
  cacheSchema,
  casesSchema,
  kernelsSchema,
  prunedCacheSchema,
  pulledKernelsSchema,
  removedRunsSchema,
  runsSchema,
} from './listings.ts'
import { logReportSchema } from './log.ts'
import { reportSchema } from './matrix.ts'

/** By name and number: `NAME.schema.json` in reports/schemas. */
export const PUBLISHED = {
  'kwitness.report.2': reportSchema,
  'kwitness.bcd.1': compatSchema,
  'kwitness.diff.1': diffSchema,
  'kwitness.cache.1': cacheSchema,
  'kwitness.cache-prune.1': prunedCacheSchema,
  'kwitness.cases.1': casesSchema,
  'kwitness.gaps.1': gapsSchema,
  'kwitness.kernels.1': kernelsSchema,
  'kwitness.kernels-pull.1': pulledKernelsSchema,
  'kwitness.log.1': logReportSchema,
  'kwitness.notice.1': noticeSchema,
  'kwitness.runs.1': runsSchema,
  'kwitness.runs-rm.1': removedRunsSchema,
} as const

/** The text of a published JSON Schema. It allows further fields: readers of an older schema must bear fields that came later. */
export function publishedSchema(name: keyof typeof PUBLISHED): string {
  const schema = z.toJSONSchema(PUBLISHED[name], {
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
    },
  })
  const { $schema, ...rest } = schema
  return `${JSON.stringify({ $schema, $id: `${name}.schema.json`, ...rest }, null, 2)}\n`
}
