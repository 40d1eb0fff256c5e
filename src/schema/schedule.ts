/** Schemas of src/domain/race/schedule.ts: a race as data, and what a debugger saw of it. */
import { z } from 'zod'
import type { BoundaryRun, HitWindow, Schedule, ScheduleRecord, SecondCutRuns } from '#domain/race/schedule.ts'
import type { FileSchedule } from '#domain/report/file.ts'
import { count, list, schemaOf, text } from './basics.ts'

const symbol = text.regex(/^[A-Za-z_][A-Za-z0-9_.]*$/, 'the name of a function')
const member = text.regex(/^\w+\.\w+$/, 'STRUCT.MEMBER')
const argument = z.int().min(1).max(6)
/** One name, or several of which a kernel has the first. */
const anyOf = z.union([symbol.transform((name) => [name]), z.array(symbol).min(1).readonly()])

export const schedule = schemaOf<Schedule>()(
  z.strictObject({
    first: text.min(1),
    second: text.min(1),
    window: z.strictObject({
      symbol: anyOf,
      argument: z.strictObject({ index: argument, member: member.nullable(), offset: count.nullable().default(null) }),
      leave: list(symbol).default([]),
    }),
    waits: list(z.strictObject({ symbol, lock: argument, owner: count.nullable() })),
    disable: z.strictObject({ member, functions: list(symbol) }).nullable(),
    secondCut: z.strictObject({ functions: list(symbol), check: member.nullable() }).nullable(),
    byChance: z.boolean().default(true),
  }),
)

const run = schemaOf<BoundaryRun>()(
  z
    .object({ from: count, to: count, end: z.enum(['done', 'waits', 'passed', 'void']), hit: z.boolean(), why: text })
    .meta({ id: 'boundaryRun', description: 'Neighbouring boundaries at which the same was seen' }),
)

const runs = list(run)

const notTried = z.object({ problem: text, asked: z.boolean().optional() })

const disabled = z.union([z.object({ problem: z.null(), instructions: list(count), runs }), notTried])

const cut = schemaOf<SecondCutRuns>()(z.object({ boundary: count, runs }))

const secondCut = z.union([
  z.object({
    problem: z.null(),
    symbol: text,
    instructions: count,
    every: z.int().min(1),
    cuts: list(cut),
    control: z.union([z.object({ problem: z.null(), branch: text, cut }), notTried]),
  }),
  notTried,
])

export const scheduleRecord = schemaOf<ScheduleRecord>()(
  z.object({
    schema: z.literal('kwitness.schedule/1'),
    problem: text.nullable(),
    path: list(text),
    kernel: runs,
    trials: count.optional(),
    disabled,
    secondCut,
    code: list(z.object({ at: count, text })),
  }),
)

const hitWindow = schemaOf<HitWindow>()(z.object({ from: count, to: count, opens: text, closes: text }))

export const fileSchedule = schemaOf<FileSchedule>()(
  z
    .object({
      boundaries: count,
      tried: count,
      trials: count.optional(),
      path: list(z.tuple([count, count]).readonly()),
      kernel: runs,
      disabled,
      secondCut,
      windows: list(hitWindow),
      missing: list(text),
    })
    .meta({ id: 'schedule', description: 'What was tried of every interleaving of a race' }),
)
