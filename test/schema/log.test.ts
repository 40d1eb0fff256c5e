/** What `kwitness read --json` writes is valid by its schema, and by the schema as it is published. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { z } from 'zod'
import { createLogReader } from '#console/log/reader.ts'
import { LOG_RENDERERS } from '#render/log/index.ts'
import { publishedSchema } from '#schema/report/json-schema.ts'
import { logReportSchema } from '#schema/report/log.ts'

test('the JSON of every golden log is valid', () => {
  const files = ['console', 'ktap', 'loose'].flatMap((folder) => {
    const path = inRepository('test', 'golden', folder)
    return readdirSync(path).map((file) => {
      const reader = createLogReader()
      reader.push(readFileSync(join(path, file)))
      return { source: file, compression: 'none' as const, ...reader.finish() }
    })
  })
  const data = JSON.parse(LOG_RENDERERS.json({ schema: 'kwitness.log.1', files }))
  assert.deepEqual(logReportSchema.parse(data), data)
  const published = z.fromJSONSchema(JSON.parse(publishedSchema('kwitness.log.1')))
  assert.deepEqual(published.safeParse(data).error?.issues ?? [], [])
})
