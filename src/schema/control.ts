/** Schemas of src/domain/control.ts: controls, the rates they showed, and what the trials of a race are worth. */
import { z } from 'zod'
import type { Conditions, Control, ControlRate, ConfidenceInterval, RaceStanding, Trials } from '#domain/control.ts'
import { probability, count, list, schemaOf, text } from './basics.ts'

export const trials = schemaOf<Trials>()(z.object({ hits: count, trials: count }))

const interval = schemaOf<ConfidenceInterval>()(z.object({ low: probability, high: probability }))

const conditions = schemaOf<Conditions>()(z.object({ host: text, qemu: text, load: z.enum(['quiet', 'loaded']) }))

export const rateSchema = schemaOf<ControlRate>()(
  z
    .object({
      ...trials.shape,
      case: text,
      program: text,
      codePath: text.nullable(),
      kernel: text,
      series: text,
      profile: text,
      conditions,
      controlSummary: text,
      measuredAt: text,
    })
    .meta({ id: 'rate', description: 'How often a control showed the bug, and what that was measured under' }),
)

export const race = schemaOf<RaceStanding>()(
  z
    .object({
      codePath: text.nullable(),
      trials,
      interval,
      reference: rateSchema.nullable(),
      referenceInterval: interval.nullable(),
      extrapolated: z.boolean(),
      missProbability: probability.nullable(),
      maxMissProbability: probability,
      trialsRemaining: count.nullable(),
      explanation: list(text),
    })
    .meta({ id: 'race', description: 'What the trials of a race are worth' }),
)

export const control = schemaOf<Control>()(
  z
    .object({
      kernel: text,
      base: text,
      series: text,
      fix: text,
      kind: z.enum(['bad', 'good']),
      case: text,
      blinds: list(text),
      summary: text,
    })
    .meta({ id: 'control', description: 'A kernel whose answer is known' }),
)
