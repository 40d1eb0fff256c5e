/** Schemas of what a nightly run keeps from one night to the next. */
import { z } from 'zod'
import type { Night } from '#domain/report/night.ts'
import { count, list, schemaOf, text, type DataOf } from '../basics.ts'
import { kernelSchema } from '../kernel.ts'
import { diffSchema } from '../report/diff.ts'
import { noticeSchema } from '../report/notice.ts'

export const nightSchema = schemaOf<Night>()(
  z.object({
    schema: z.literal('kwitness.night/1'),
    key: text,
    run: text,
    startedAt: text,
    endedAt: text,
    unfinished: count,
    counts: noticeSchema.shape.counts,
    diff: diffSchema.nullable(),
    problems: list(text),
    kernels: list(kernelSchema),
    cases: list(z.object({ id: text, title: text })),
    rows: list(text),
  }),
)

/** The night under way. Each phase can be done again from the start, and gives the same. */
export const nightStateSchema = z.object({
  schema: z.literal('kwitness.nightly/1'),
  phase: z.enum(['run', 'confirm', 'render', 'send', 'done']),
  startedAt: text,
  /** Folder that the plan of the run names, by which a run is found that was created and not noted. */
  out: text,
  run: text.nullable(),
  problems: list(text),
  /** Kernels that were not available. */
  failed: list(text),
  /** What is sent, once it is made. */
  notice: noticeSchema.nullable(),
  /** Runs of earlier nights, the newest first. */
  earlier: list(text),
})

export type NightState = DataOf<typeof nightStateSchema>
