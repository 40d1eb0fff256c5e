/** Schemas of src/domain/tests.ts and src/domain/splat.ts: what a program and the console of its kernel said. */
import { z } from 'zod'
import type { FileTest } from '#domain/report/file.ts'
import type { Splat } from '#domain/splat.ts'
import type { TestPoint, TestProblem } from '#domain/tests.ts'
import { line } from './judgement.ts'
import { count, list, schemaOf, text } from './basics.ts'

const status = z.enum(['pass', 'fail', 'skip', 'todo', 'xfail', 'timeout', 'error', 'not-reported'])

export const testPoint = z
  .object({
    number: z.int(),
    name: text,
    status,
    reason: text,
    line: z.int().min(1).exactOptional(),
    diagnostics: list(text),
    get children(): z.ZodReadonly<z.ZodArray<typeof testPoint>> {
      return list(testPoint)
    },
  })
  .meta({ id: 'test', description: 'A (K)TAP result, with those below it' })
// Held against its type from outside: a schema that names itself cannot be the argument of a call.
schemaOf<TestPoint>()(testPoint)

/** A result in a file of a report, without what is empty. */
export const fileTest = z
  .object({
    number: z.int(),
    name: text,
    status,
    reason: text.exactOptional(),
    line: z.int().min(1).exactOptional(),
    diagnostics: list(text).exactOptional(),
    children: list(testPoint).exactOptional(),
  })
  .meta({ id: 'topTest', description: 'A (K)TAP result of the top level, without what is empty' })
schemaOf<FileTest>()(fileTest)

export const testProblem = schemaOf<TestProblem>()(
  z.object({
    kind: z.enum(['no-tests', 'no-plan', 'missing-result', 'cut-stream', 'unknown-directive', 'bad-number', 'protocol']),
    message: text,
    line,
  }),
)

export const splat = schemaOf<Splat>()(
  z
    .object({
      rule: text,
      severity: z.enum(['fatal', 'oops', 'warning', 'stall', 'notice']),
      title: text,
      firstLine: count,
      lastLine: count,
    })
    .meta({ id: 'splat', description: 'A report of the kernel on its console' }),
)
