/** The shape of `kwitness read --json` (src/domain/report/log.ts): reports/schemas has it as a JSON Schema. */
import { z } from 'zod'
import type { LogReading, LogReport } from '#domain/report/log.ts'
import type { TestDocument } from '#domain/tests.ts'
import { count, list, schemaOf, text } from '../basics.ts'
import { splat, testPoint, testProblem } from '../tests.ts'

const testDocument = schemaOf<TestDocument>()(
  z
    .object({
      points: list(testPoint),
      planned: count.nullable(),
      skipAll: text.nullable(),
      bailOut: text.nullable(),
      diagnostics: list(text),
      problems: list(testProblem),
    })
    .meta({ id: 'document', description: 'A TAP or KTAP document, or the results of a program that speaks neither' }),
)

const counts = z
  .object({
    pass: count,
    fail: count,
    skip: count,
    todo: count,
    xfail: count,
    timeout: count,
    error: count,
    'not-reported': count,
  })
  .meta({ id: 'counts', description: 'Results by status, each counted once where it has no tests below it' })

const logReading = schemaOf<LogReading>()(
  z
    .object({
      source: text,
      compression: z.enum(['none', 'gzip', 'zstd']),
      bytes: count,
      lines: count,
      dialect: z.enum(['ktap', 'loose']).nullable(),
      hasKernelLog: z.boolean(),
      documents: list(testDocument),
      problems: list(testProblem),
      counts,
      unlisted: count,
      splats: list(splat),
      lost: z.object({ droppedMessages: count, badBytes: count, cutLines: count }),
      restarts: count,
    })
    .meta({ id: 'file', description: 'A file that was read' }),
)

export const logReportSchema = schemaOf<LogReport>()(
  z
    .object({ schema: z.literal('kwitness.log.1'), files: list(logReading) })
    .meta({ title: 'kwitness log', description: 'What kwitness read --json finds in logs' }),
)
