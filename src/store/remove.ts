/**
 * Remove a run. What other runs reuse of it moves to the oldest of them, by hard links that become valid with one transaction: a
 * kill at any moment leaves a store in which the run is whole, or gone.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { link, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { livingOwner } from '#harness/support/owner.ts'
import { makeFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { nullableTextIn, textIn, type Database } from './database.ts'
import { syncFolder } from './evidence-folder.ts'
import { findRow } from './runs.ts'

/** Begins the name of the evidence folder of a run that is being removed. */
const REMOVED = '.removed-'

/** An attempt that outlives its run. */
interface Heir {
  readonly attempt: number
  readonly id: string
  /** Id and number of the oldest run that reuses it. */
  readonly run: string
  readonly number: number
}

function heirsOf(database: Database, id: string): Heir[] {
  const sql = `SELECT attempts.number AS attempt, attempts.id AS id, runs.id AS run, min(runs.number) AS number
    FROM attempts JOIN reused ON reused.attempt = attempts.number JOIN runs ON runs.number = reused.run
    WHERE attempts.run = ? GROUP BY attempts.number`
  return database.all(sql, id).map((row) => ({
    attempt: Number(row['attempt']),
    id: textIn(row, 'id'),
    run: textIn(row, 'run'),
    number: Number(row['number']),
  }))
}

/** Throws UserError for a run that must not be removed. */
function checkRemovable(database: Database, id: string): void {
  const row = findRow(database, id)
  const owner = livingOwner(database.folder, nullableTextIn(row, 'owner'))
  if (owner !== null) throw new UserError(`process ${owner} is still at run ${id}`, 'wait for it, or end it first')
  if (row['pinned'] !== 0) throw new UserError(`run ${id} is pinned`, `kwitness runs unpin ${id} lets it go`)
}

/** Link the files of an evidence folder into another one, whole or not at all. */
async function linkFolder(from: string, to: string): Promise<void> {
  const temporary = join(to, '..', `.${to.slice(to.lastIndexOf('/') + 1)}`)
  await rm(temporary, { recursive: true, force: true })
  await rm(to, { recursive: true, force: true })
  await makeFolder(temporary)
  // Damaged evidence may have lost files: what is there of it moves.
  for (const name of await readdir(from).catch(whenUnreadable<string[]>([]))) await link(join(from, name), join(temporary, name))
  await syncFolder(temporary)
  await rename(temporary, to)
}

/** Remove a run from the database and its folder from `root`, where all evidence lies. Throws UserError where it must not. */
export async function removeRun(database: Database, root: string, id: string): Promise<void> {
  checkRemovable(database, id)
  const heirs = heirsOf(database, id)
  for (const heir of heirs) await linkFolder(join(root, id, heir.id), join(root, heir.run, heir.id))
  for (const run of new Set(heirs.map((heir) => heir.run))) await syncFolder(join(root, run))
  const [folder, removed] = [join(root, id), join(root, REMOVED + id)]
  database.transaction(() => {
    checkRemovable(database, id)
    if (JSON.stringify(heirsOf(database, id)) !== JSON.stringify(heirs)) {
      throw new UserError(`another kwitness has just reused results of run ${id}`, 'remove it again')
    }
    deleteRows(database, id, heirs)
    // Inside the transaction, so that no other process sees the one without the other; the last step that can fail but commit.
    if (existsSync(folder)) renameSync(folder, removed)
    // An empty folder keeps the name from being given to another run of today.
    if (id.startsWith(new Date().toISOString().slice(0, 10))) mkdirSync(folder)
  })
  await rm(removed, { recursive: true, force: true })
}

function deleteRows(database: Database, id: string, heirs: readonly Heir[]): void {
  for (const { attempt, run, number } of heirs) {
    database.run('DELETE FROM reused WHERE run = ? AND attempt = ?', number, attempt)
    database.run('UPDATE attempts SET run = ? WHERE number = ?', run, attempt)
  }
  database.run('DELETE FROM reused WHERE run = (SELECT number FROM runs WHERE id = ?)', id)
  database.run('DELETE FROM attempts WHERE run = ?', id)
  database.run('DELETE FROM claim_sources WHERE run = ?', id)
  database.run('DELETE FROM runs WHERE id = ?', id)
}

/** Put right what a killed removal left: the folder of a run that is still stored comes back, any other goes. */
export async function recoverRemovals(database: Database, root: string): Promise<void> {
  for (const name of (await readdir(root)).filter((one) => one.startsWith(REMOVED))) {
    const id = name.slice(REMOVED.length)
    const isStored = database.transaction(() => {
      const found = database.all('SELECT 1 FROM runs WHERE id = ?', id).length > 0
      if (found && existsSync(join(root, name))) renameSync(join(root, name), join(root, id))
      return found
    })
    if (!isStored) await rm(join(root, name), { recursive: true, force: true })
  }
}
