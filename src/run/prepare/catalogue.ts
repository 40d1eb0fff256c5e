/** What people write as JSON, read and checked: the cases of a catalogue, the list of controls. */
import { readdir, readFile } from 'node:fs/promises'
import { join, matchesGlob } from 'node:path'
import { z } from 'zod'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { inRepository } from '#harness/support/repository.ts'
import type { Suite } from '#domain/report/suite.ts'

/** The folder of the product's own catalogue. */
export const CATALOGUE = inRepository('c-tests')

const hash = z.string().regex(/^[0-9a-f]{12,40}$/, 'a commit hash of 12 to 40 hex digits')
const words = z.array(z.string())
const release = z.string().regex(/^\d+\.\d+$/, 'a release such as 6.12')
const moduleName = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name that NAME.c can have')
const moduleNeed = z.union([
  moduleName.transform((name) => ({ name, until: null })),
  z.strictObject({ name: moduleName, until: release.nullable() }),
])
const argNeed = z.union([z.string(), z.strictObject({ arg: z.string(), until: release })])

function isPattern(text: string): boolean {
  try {
    return text !== '' && new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

const symptomEnding = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hang'), of: z.enum(['case', 'guest']) }),
  z.strictObject({ kind: z.literal('splat'), title: z.string().refine(isPattern, 'a regular expression for the title') }),
])

const fields = z.strictObject({
  title: z.string().min(1),
  subsystem: z.string().min(1),
  fixes: z.array(
    z.strictObject({
      commit: z.union([hash, z.literal('unknown')]).nullable(),
      subject: z.string().min(1),
      fixes: z.array(hash),
      cve: z.array(z.string().regex(/^CVE-\d{4}-\d{4,}$/)),
    }),
  ),
  introduced: z.string().nullable(),
  symptom: z.string().min(1),
  oracle: z.enum(['deterministic', 'statistical']),
  symptomEnding: symptomEnding.optional(),
  needs: z.strictObject({
    cpus: z.int().min(1).max(64),
    memoryMiB: z.int().min(64).max(65536),
    modules: z.array(moduleNeed),
    externalModules: z.array(moduleNeed).default([]),
    cmdline: z.array(argNeed),
  }),
  timing: z.strictObject({ expectedSeconds: z.number().positive(), timeoutSeconds: z.number().positive() }),
  destructive: z.boolean(),
  claim: z.strictObject({
    mainline: z.string().nullable(),
    stable: z.record(z.string(), z.string()),
    subjects: words,
    source: z.string(),
  }),
  proof: z.string().min(1),
  references: words,
})

const schema = fields
  .refine(({ symptomEnding: ending, oracle }) => ending === undefined || oracle === 'deterministic', {
    error: 'a race counts its hits, so its program must live to say them',
    path: ['symptomEnding'],
  })
  .refine(({ symptomEnding: ending, destructive }) => ending?.kind !== 'splat' || destructive, {
    error: 'true where the symptom is a splat',
    path: ['destructive'],
  })

const controlSchema = z
  .strictObject({
    series: z.string().regex(/^\d+\.\d+$/, 'a series such as 5.10'),
    fix: z.string().regex(/^[a-z0-9-]+$/, 'a name that SERIES/FIX.patch can have'),
    kind: z.enum(['bad', 'good']),
    case: z.string().min(1),
    blinds: words.default([]),
  })
  .refine((control) => !control.blinds.includes(control.case), 'a control cannot blind its own case')

const controlsSchema = z
  .strictObject({ about: z.string().min(1), controls: z.array(controlSchema).min(1) })
  .refine(
    ({ controls }) => new Set(controls.map(({ series, fix }) => `${series}/${fix}`)).size === controls.length,
    'a series has each fix once',
  )

const needs = { cpus: z.int().min(1).max(64), memoryMiB: z.int().min(64).max(65536) }
const seconds = z.strictObject({ expectedSeconds: z.number().positive(), timeoutSeconds: z.number().positive() })
const setup = z.strictObject({
  hugePages: z.int().min(0).default(0),
  hugetlbfs: z
    .string()
    .regex(/^\.\/\w+$/, 'a folder beside the program, as ./huge')
    .nullable()
    .default(null),
  user: z.int().min(0).default(0),
})

const suiteProgramSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z][\w-]*$/, 'a name that a cell can have'),
    program: z.string().regex(/^[\w-]+$/),
    source: z.string().optional(),
    args: words.default([]),
    exitStatus: z.boolean().default(false),
    since: z
      .string()
      .regex(/^\d+\.\d+$/, 'a release such as 6.12')
      .nullable()
      .default(null),
    setup: setup.prefault({}),
    needs: z.strictObject(needs),
    timing: seconds,
  })
  .transform(({ needs: { cpus, memoryMiB }, ...rest }) => ({ ...rest, source: rest.source ?? rest.program, cpus, memoryMiB }))

const suiteSchema = z
  .strictObject({
    about: z.string().min(1),
    name: z.string().regex(/^\w+:\w+$/, 'a name such as kselftest:mm'),
    folders: words.min(1),
    programs: z.array(suiteProgramSchema).min(1),
    leftOut: z.array(z.strictObject({ program: z.string().min(1), why: z.string().min(1) })),
  })
  .refine(({ programs }) => new Set(programs.map(({ id }) => id)).size === programs.length, 'a suite has each id once')

/** A control as vm-images/controls/controls.json lists it. */
export type ControlEntry = z.infer<typeof controlSchema>

/** Read one case. Throws UserError that names the file, the field and what it should hold. */
export async function readCase(folder: string, id: string): Promise<Case> {
  return { id, folder, ...(await readChecked(join(folder, 'case.json'), schema, 'case')) }
}

/** Read a list of controls. Throws UserError that names the file, the field and what it should hold. */
export async function readControlEntries(path: string): Promise<ControlEntry[]> {
  return (await readChecked(path, controlsSchema, 'list of controls')).controls
}

/** Read the table of a suite. Throws UserError that names the file, the field and what it should hold. */
export async function readSuite(path: string): Promise<Suite> {
  const { about: _, ...suite } = await readChecked(path, suiteSchema, 'table of a suite')
  return suite
}

async function readChecked<T>(path: string, expected: z.ZodType<T>, what: string): Promise<T> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path} cannot be read: ${error.code}`)
  })
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path} is no JSON: ${(error as Error).message}`)
  }
  const parsed = expected.safeParse(data)
  if (!parsed.success) throw new UserError(`${path} is no ${what}:\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** Every case below `root`, by id. Folders that begin with `_` are templates. Throws UserError when there is none. */
export async function readCatalogue(root: string): Promise<Case[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`the catalogue ${root} cannot be read: ${error.code}`)
  })
  const cases: Case[] = []
  for (const { name } of entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const folder = join(root, name)
    if ((await readdir(folder)).includes('case.json')) cases.push(await readCase(folder, name))
  }
  if (cases.length === 0) throw new UserError(`there is no case in ${root}`, 'kwitness cases new ID makes one')
  return cases
}

/** The cases that match any of these globs (`uffd-*`, `all`), in catalogue order. Throws UserError for one that matches none. */
export function selectCases<T extends Pick<Case, 'id'>>(cases: readonly T[], patterns: readonly string[]): T[] {
  const matches = (id: string, pattern: string): boolean => pattern === 'all' || matchesGlob(id, pattern)
  if (patterns.length === 0) throw new UserError('no case is named', 'kwitness cases lists them')
  for (const pattern of patterns) {
    if (!cases.some(({ id }) => matches(id, pattern))) {
      throw new UserError(`no case matches ${pattern}`, `there are: ${cases.map(({ id }) => id).join(', ')}`)
    }
  }
  return cases.filter(({ id }) => patterns.some((pattern) => matches(id, pattern)))
}
