/** Two cases with a fix, of which a package lists one: the case that is seen on any kernel. */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from '#domain/report/matrix.ts'

/** The fix of the case `seen`. */
export const SUBJECT = 'mm/test: do not show the bug'

/** Write the catalogue below this folder. Returns its path. */
export async function makeCatalogue(folder: string): Promise<string> {
  const catalogue = join(folder, 'cases')
  for (const id of ['seen', 'unseen']) {
    const own = join(catalogue, id)
    await cp(join(import.meta.dirname, '..', 'check', 'cases', id), own, { recursive: true })
    const data = JSON.parse(await readFile(join(own, 'case.json'), 'utf8')) as object
    const fixes = [{ commit: 'a'.repeat(40), fixes: [], cve: [], subject: id === 'seen' ? SUBJECT : 'mm/test: another one' }]
    await writeFile(join(own, 'case.json'), JSON.stringify({ ...data, fixes }))
  }
  return catalogue
}

/** What was claimed of each result, and what came of that. */
export const claimsOf = ({ cells }: Report) => cells.map((cell) => [cell.case, cell.claim, cell.finding, cell.claimSource])
