/** What runs take on the disk, and how it is given back when they are gone. */
import { readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { livingOwner } from '#harness/support/owner.ts'
import { runCommand } from '#harness/support/process.ts'
import { nullableTextIn, textIn, type Database } from './database.ts'

/** A store with this share of free pages is written anew, so that the disk gets them back. */
const MAX_FREE_SHARE = 0.25

/**
 * Remove changelogs that no run names any more, and free pages. Does nothing while a process owns a run, because that may be
 * about to name a changelog, and must not wait for a store that is being written anew. Returns whether it did.
 */
export function compactStore(database: Database, evidence: string, now: Date): boolean {
  removeEmptyFolders(database, evidence, now)
  const isIdle = database.transaction(() => {
    const owners = database.all('SELECT owner FROM runs WHERE owner IS NOT NULL')
    if (owners.some((row) => livingOwner(database.folder, nullableTextIn(row, 'owner')) !== null)) return false
    database.run(
      `DELETE FROM changelogs WHERE sha256 NOT IN (
         SELECT json_extract(sources, '$.changelog.sha256') FROM claim_sources
         WHERE json_valid(sources) AND json_extract(sources, '$.changelog.sha256') IS NOT NULL)`,
    )
    return true
  })
  if (!isIdle) return false
  const pragma = (name: string): number => Number(database.all(`PRAGMA ${name}`)[0]?.[name])
  if (pragma('freelist_count') > MAX_FREE_SHARE * pragma('page_count')) {
    database.run('VACUUM')
    database.all('PRAGMA wal_checkpoint(TRUNCATE)')
  }
  return true
}

/** Remove the empty folders that removed runs of earlier days left. */
function removeEmptyFolders(database: Database, evidence: string, now: Date): void {
  const today = now.toISOString().slice(0, 10)
  database.transaction(() => {
    for (const name of readdirSync(evidence)) {
      if (!/^\d{4}-\d\d-\d\d-\d+$/.test(name) || name.startsWith(today)) continue
      if (database.all('SELECT 1 FROM runs WHERE id = ?', name).length > 0) continue
      try {
        rmdirSync(join(evidence, name))
      } catch {
        // It holds evidence of a database that was moved away.
      }
    }
  })
}

/** Names on one command line, which must stay well below 128 KiB. */
const BATCH = 1000

/** Bytes on disk by run: its evidence folder, and its rows at the mean length of the newest ones (measuring all reads all). */
export async function runBytes(database: Database, evidence: string, ids: readonly string[]): Promise<Map<string, number>> {
  const sql = 'SELECT avg(length(evidence)) AS mean FROM (SELECT evidence FROM attempts ORDER BY rowid DESC LIMIT 200)'
  const mean = Number(database.all(sql)[0]?.['mean'] ?? 0)
  const counts = database.all('SELECT run, count(*) AS rows FROM attempts GROUP BY run')
  const rows = new Map(counts.map((row) => [textIn(row, 'run'), Number(row['rows']) * mean]))
  const bytes = new Map(ids.map((id) => [id, Math.round(rows.get(id) ?? 0)]))
  for (let next = 0; next < ids.length; next += BATCH) {
    const names = ids.slice(next, next + BATCH)
    // A folder that another process removes meanwhile makes the exit code 1.
    const { stdout } = await runCommand('du', ['--summarize', '--block-size=1', '--', ...names], { cwd: evidence, anyExit: true })
    for (const line of stdout.split('\n')) {
      const [size, name = ''] = line.split('\t')
      if (bytes.has(name)) bytes.set(name, (bytes.get(name) ?? 0) + Number(size))
    }
  }
  return bytes
}
