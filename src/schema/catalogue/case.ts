/** The schema of c-tests/ID/case.json. A field that it does not know is an error: mostly one that was misspelt. */
import { z } from 'zod'
import { seriesOf } from '#domain/version.ts'
import { symptomEnding } from '../case.ts'
import { schedule } from '../schedule.ts'
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
  config: z.array(z.string().regex(/^CONFIG_[A-Z0-9_]+(=\S+)?$/, 'an option such as CONFIG_KSM or CONFIG_X=VALUE')).optional(),
  modules: z.array(moduleNeed),
  externalModules: z.array(moduleNeed).default([]),
  cmdline: z.array(z.union([z.string(), z.strictObject({ arg: z.string(), until: release })])),
  mounts: z.boolean().optional(),
})

const SERIES = /^\d+\.\d+\.y$/
const series = z.string().regex(SERIES, 'a series such as 6.12.y')
const stableRelease = z.string().regex(/^\d+\.\d+\.\d+$/, 'a stable release such as 6.12.29')

/** What is wrong with the releases of a claim, each with its path. */
function releaseProblems(stable: Readonly<Record<string, string>>, unlisted: readonly string[]) {
  const names = Object.keys(stable).filter((name) => !SERIES.test(name))
  const foreign = Object.entries(stable).filter(([name, first]) => SERIES.test(name) && seriesOf(first) !== name)
  const missing = unlisted.filter((name) => stable[name] === undefined)
  return [
    ...names.map((name) => ({ path: ['stable', name], message: `${name} is not a series such as 6.12.y` })),
    ...foreign.map(([name]) => ({ path: ['stable', name], message: `a release of ${name}` })),
    ...missing.map((name) => ({ path: ['unlisted'], message: `no release in stable is of ${name}` })),
  ]
}

const claim = z
  .strictObject({
    mainline: release.nullable(),
    stable: z.record(z.string(), stableRelease),
    subjects: words,
    // Plans say it of each case: without it they are older than the field.
    unlisted: z.array(series).default([]),
    source: z.string(),
  })
  .superRefine(({ stable, unlisted }, context) => {
    for (const problem of releaseProblems(stable, unlisted)) context.addIssue({ code: 'custom', ...problem })
  })

export const caseFileSchema = z
  .strictObject({
    title: sentence,
    subsystem: sentence,
    fixes: z.array(fix),
    introduced: z.string().nullable(),
    symptom: sentence,
    oracle: z.enum(['deterministic', 'schedule', 'statistical']),
    symptomEnding: symptomEnding.optional(),
    schedule: schedule.optional(),
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
  .refine(({ schedule: own, oracle }) => (own === undefined) === (oracle !== 'schedule'), {
    error: 'needed with the oracle schedule, and with no other',
    path: ['schedule'],
  })
  .refine(({ schedule: own, needs: { cpus } }) => own === undefined || cpus === 2, {
    error: '2 with the oracle schedule: one vCPU for each actor',
    path: ['needs', 'cpus'],
  })
  .refine(({ symptomEnding: ending, destructive }) => ending?.kind !== 'splat' || destructive, {
    error: 'true where the symptom is a splat',
    path: ['destructive'],
  })
