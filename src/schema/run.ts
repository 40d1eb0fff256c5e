/** The host of a run, and the machines of a check, as the store and the report have them. */
import { z } from 'zod'
import type { CheckedHost } from '#domain/report/host.ts'
import type { Report } from '#domain/report/matrix.ts'
import { list, schemaOf, text } from './basics.ts'
import { verdict } from './judgement.ts'

export const runHostSchema = schemaOf<Report['run']['host']>()(
  z.object({ kernel: text, qemu: text, cpus: z.int().min(1), accelerator: text }),
)

/** src/domain/report/host.ts: a machine of a check. */
export const checkedHost = schemaOf<CheckedHost>()(
  z.object({
    host: text,
    kernel: text.nullable(),
    outcome: z.enum([
      'checked',
      'unreachable',
      'host-key-changed',
      'host-key-unknown',
      'host-key-revoked',
      'not-authenticated',
      'penalised',
      'lost',
      'timed-out',
      'no-place',
      'not-understood',
    ]),
    message: text.nullable(),
    facts: z.record(text, text),
    left: list(text),
    seconds: z.number(),
    nearest: z
      .object({
        kernel: text,
        version: text,
        run: text,
        verdicts: z.record(text, verdict),
        differs: list(text).exactOptional(),
      })
      .nullable(),
  }),
)

/** Where a run was started (src/store/ports.ts). */
export const runOriginSchema = z.object({ checkout: text, command: list(text) })
