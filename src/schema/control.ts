/** Schemas of src/domain/control.ts: controls, the rates they showed, and what the trials of a race are worth. */
import { z } from 'zod'
import type { Conditions, Control, ControlRate, Interval, RaceStanding, Trials } from '#domain/control.ts'
import { chance, count, list, schemaOf, text } from './basics.ts'

export const trials = schemaOf<Trials>()(z.object({ hits: count, trials: count }))

const interval = schemaOf<Interval>()(z.object({ low: chance, high: chance }))

const conditions = schemaOf<Conditions>()(z.object({ host: text, qemu: text, load: z.enum(['quiet', 'loaded']) }))

export const rateSchema = schemaOf<ControlRate>()(
  z
    .object({
      ...trials.shape,
      case: text,
      program: text,
      trigger: text.nullable(),
      kernel: text,
      series: text,
      profile: text,
      conditions,
      leansOn: text,
      measuredAt: text,
    })
    .meta({ id: 'rate', description: 'How often a control showed the bug, and what that was measured under' }),
)

export const race = schemaOf<RaceStanding>()(
  z
    .object({
      trigger: text.nullable(),
      trials,
      interval,
      control: rateSchema.nullable(),
      controlInterval: interval.nullable(),
      borrowed: z.boolean(),
      missChance: chance.nullable(),
      bound: chance,
      trialsMissing: count.nullable(),
      words: list(text),
    })
    .meta({ id: 'race', description: 'What the trials of a race are worth' }),
)

export const control = schemaOf<Control>()(
  z
    .object({
      kernel: text,
      base: text,
      line: text,
      fix: text,
      kind: z.enum(['bad', 'good']),
      case: text,
      blinds: list(text),
      because: text,
    })
    .meta({ id: 'control', description: 'A kernel whose answer is known' }),
)
