/** Schemas of src/domain/case.ts: a case as a plan keeps it. What people write in case.json is catalogue/case.ts. */
import { z } from 'zod'
import type { Case, Fix, Needs, Oracle, SymptomEnding } from '#domain/case.ts'
import { list, seconds, schemaOf, text } from './basics.ts'
import { schedule } from './schedule.ts'

export const oracle = schemaOf<Oracle>()(z.enum(['deterministic', 'schedule', 'statistical', 'reports', 'exit-status']))

export const fix = schemaOf<Fix>()(z.object({ commit: text.nullable(), subject: text, fixes: list(text), cve: list(text) }))

/** Whether text is a regular expression that matches something in particular. */
function isPattern(pattern: string): boolean {
  try {
    return pattern !== '' && new RegExp(pattern) instanceof RegExp
  } catch {
    return false
  }
}

export const symptomEnding = schemaOf<SymptomEnding>()(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('hang'), of: z.enum(['case', 'guest']) }),
    z.strictObject({ kind: z.literal('splat'), title: text.refine(isPattern, 'a regular expression for the title') }),
  ]),
)

const modules = list(z.object({ name: text, until: text.nullable() }))

const needs = schemaOf<Needs>()(
  z.object({
    config: list(text).optional(),
    cpus: z.int().min(1),
    memoryMiB: z.int().min(1),
    modules,
    externalModules: modules,
    cmdline: list(z.union([text, z.object({ arg: text, until: text })])),
    mounts: z.boolean().optional(),
  }),
)

export const caseSchema = schemaOf<Case>()(
  z.object({
    id: text,
    title: text,
    subsystem: text,
    fixes: list(fix),
    introduced: text.nullable(),
    symptom: text,
    oracle,
    symptomEnding: symptomEnding.optional(),
    schedule: schedule.optional(),
    needs,
    timing: z.object({ expectedSeconds: seconds, timeoutSeconds: seconds }),
    destructive: z.boolean(),
    claim: z.object({
      mainline: text.nullable(),
      stable: z.record(text, text),
      subjects: list(text),
      unlisted: list(text).optional(),
      source: text,
    }),
    proof: text,
    references: list(text),
    folder: text,
  }),
)
