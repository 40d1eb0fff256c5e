/** Shapes of src/domain/control.ts: controls, the rates they showed, and what the trials of a race are worth. */
import { z } from 'zod'
import type { Conditions, Control, ControlRate, Interval, RaceStanding, Trials } from '#domain/control.ts'
import { chance, count, list, shapeOf, text } from './shape.ts'

export const trials = shapeOf<Trials>()(z.object({ hits: count, trials: count }))

const interval = shapeOf<Interval>()(z.object({ low: chance, high: chance }))

const conditions = shapeOf<Conditions>()(z.object({ host: text, qemu: text, load: z.enum(['quiet', 'loaded']) }))

export const rate = shapeOf<ControlRate>()(
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

export const race = shapeOf<RaceStanding>()(
  z
    .object({
      trigger: text.nullable(),
      trials,
      interval,
      control: rate.nullable(),
      controlInterval: interval.nullable(),
      borrowed: z.boolean(),
      missChance: chance.nullable(),
      bound: chance,
      trialsMissing: count.nullable(),
      words: list(text),
    })
    .meta({ id: 'race', description: 'What the trials of a race are worth' }),
)

export const control = shapeOf<Control>()(
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
