/** The schema of c-tests/ID/case.json. A field that it does not know is an error: mostly one that was misspelt. */
import { z } from 'zod'
import { symptomEnding } from '../case.ts'
import { machine, release, sentence, timing, words } from './fields.ts'

const hash = z.string().regex(/^[0-9a-f]{12,40}$/, 'a commit hash of 12 to 40 hex digits')
const moduleName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name that NAME.c can have')
const moduleNeed = z.union([
  moduleName.transform((name) => ({ name, until: null })),
  z.strictObject({ name: moduleName, until: release.nullable() }),
])

const fix = z.strictObject({
  commit: z.union([hash, z.literal('unknown')]).nullable(),
  subject: sentence,
  fixes: z.array(hash),
  cve: z.array(z.string().regex(/^CVE-\d{4}-\d{4,}$/)),
})

const needs = z.strictObject({
  ...machine,
  modules: z.array(moduleNeed),
  externalModules: z.array(moduleNeed).default([]),
  cmdline: z.array(z.union([z.string(), z.strictObject({ arg: z.string(), until: release })])),
})

const claim = z.strictObject({
  mainline: z.string().nullable(),
  stable: z.record(z.string(), z.string()),
  subjects: words,
  source: z.string(),
})

export const caseFileSchema = z
  .strictObject({
    title: sentence,
    subsystem: sentence,
    fixes: z.array(fix),
    introduced: z.string().nullable(),
    symptom: sentence,
    oracle: z.enum(['deterministic', 'statistical']),
    symptomEnding: symptomEnding.optional(),
    needs,
    timing,
    destructive: z.boolean(),
    claim,
    proof: sentence,
    references: words,
  })
  .refine(({ symptomEnding: ending, oracle }) => ending === undefined || oracle === 'deterministic', {
    error: 'a race counts its hits, so its program must live to say them',
    path: ['symptomEnding'],
  })
  .refine(({ symptomEnding: ending, destructive }) => ending?.kind !== 'splat' || destructive, {
    error: 'true where the symptom is a splat',
    path: ['destructive'],
  })
