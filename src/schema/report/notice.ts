/** The schema of a notice (src/domain/report/notice.ts), which webhooks and commands get, as reports/schemas publishes it. */
import { z } from 'zod'
import type { Notice } from '#domain/report/notice.ts'
import { count, list, schemaOf, text } from '../basics.ts'
import { diffSchema } from './diff.ts'

export const noticeSchema = schemaOf<Notice>()(
  z
    .object({
      schema: z.literal('kwitness.notice/1'),
      key: text.regex(/^[A-Za-z0-9-]+$/),
      name: text,
      at: text,
      failure: text.nullable(),
      run: z.object({ id: text, startedAt: text, unfinished: count }).nullable(),
      counts: z.object({
        carries: count,
        lacks: count,
        inconclusive: count,
        'not-applicable': count,
        error: count,
        'no-result': count,
      }),
      diff: diffSchema.nullable(),
      problems: list(text),
      url: text.nullable(),
    })
    .meta({ title: 'kwitness notice', description: 'Word of a nightly run: what changed since the night before' }),
)
