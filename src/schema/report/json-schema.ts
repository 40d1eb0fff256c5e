/** JSON Schemas of what kwitness writes for other programs, as reports/schemas publishes them. */
import { z } from 'zod'
import { compat } from './report/bcd.ts'
import { logReport } from './report/log.ts'
import { report } from './report/matrix.ts'

/** By name and number: `NAME.schema.json` in reports/schemas. */
export const PUBLISHED = { 'kwitness.report.1': report, 'kwitness.bcd.1': compat, 'kwitness.log.1': logReport } as const

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
