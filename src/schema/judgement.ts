/** Schemas of src/domain/judgement.ts: what was concluded, and from which line. */
import { z } from 'zod'
import type { Claim, EndingWord, Finding, FixStatus, Outcome, Reason, Verdict } from '#domain/judgement.ts'
import { list, schemaOf, text } from './basics.ts'

export const verdict = schemaOf<Verdict>()(z.enum(['carries', 'lacks', 'inconclusive', 'not-applicable', 'error', 'no-result']))

export const fixStatus = schemaOf<FixStatus>()(z.enum(['fixed', 'affected', 'not_affected', 'unknown']))

export const claim = schemaOf<Claim>()(z.enum(['listed', 'not-listed', 'unknown']))

export const finding = schemaOf<Finding>()(z.enum(['agrees', 'listed-still-affected', 'fixed-not-listed', 'not-comparable']))

export const outcome = schemaOf<Outcome>()(
  z.enum(['reproduced', 'not-reproduced', 'reported', 'skipped', 'error', 'unrelated-crash', 'no-boot', 'infra']),
)

export const endingWord = schemaOf<EndingWord>()(
  z.enum([
    'clean exit',
    'panic',
    'oops, went on',
    'triple fault',
    'guest stopped',
    'case hung',
    'kernel hung',
    'qemu gone',
    'no boot',
    'garbled',
    'infra',
  ]),
)

/** 1-based line of a log; null for the whole of it. */
export const line = z.int().min(1).nullable()

const reason = schemaOf<Reason>()(
  z
    .object({ channel: z.enum(['console', 'output', 'agent', 'qemu', 'host']), line, rule: text, text })
    .meta({ id: 'reason', description: 'One line of evidence behind a conclusion' }),
)

export const reasons = list(reason)
