/** What people write as JSON, read and checked: the cases of a catalogue, the list of controls. */
import { readdir, readFile } from 'node:fs/promises'
import { join, matchesGlob } from 'node:path'
import type { Case } from '#domain/case.ts'
import { UserError } from '#domain/errors.ts'
import { inRepository } from '#harness/support/repository.ts'
import type { Suite } from '#domain/report/suite.ts'
import type { Schema } from '#schema/basics.ts'
import { caseFileSchema } from '#schema/catalogue/case.ts'
import { controlsFileSchema, type ControlEntry } from '#schema/catalogue/controls.ts'
import { suiteFileSchema } from '#schema/catalogue/suite.ts'
import { parseJson } from '#schema/read.ts'

/** The folder of the product's own catalogue. */
export const CATALOGUE = inRepository('c-tests')

/** Read one case. Throws UserError that names the file, the field and what it should hold. */
export async function readCase(folder: string, id: string): Promise<Case> {
  return { id, folder, ...(await readChecked(join(folder, 'case.json'), caseFileSchema, 'case')) }
}

/** Read a list of controls. Throws UserError that names the file, the field and what it should hold. */
export async function readControlEntries(path: string): Promise<ControlEntry[]> {
  return (await readChecked(path, controlsFileSchema, 'list of controls')).controls
}

/** Read the table of a suite. Throws UserError that names the file, the field and what it should hold. */
export async function readSuite(path: string): Promise<Suite> {
  const { about: _, ...suite } = await readChecked(path, suiteFileSchema, 'table of a suite')
  return suite
}

async function readChecked<T>(path: string, schema: Schema<T>, what: string): Promise<T> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`${path} cannot be read: ${error.code}`)
  })
  const { value, problem } = parseJson(schema, text)
  if (problem === null) return value
  if (problem.kind === 'json') throw new UserError(`${path} is not valid JSON: ${problem.text}`)
  throw new UserError(`${path} is not a valid ${what}:\n${problem.text}`)
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
