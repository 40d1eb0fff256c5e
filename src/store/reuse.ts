/** Attempts of one identity, and runs that reuse attempts of earlier ones: a row of two numbers each. */
import { recordIn } from './attempts.ts'
import type { Database } from './database.ts'
import type { AttemptPlace, AttemptRecord } from './ports.ts'

/** The newest attempts of this identity, the newest first. Rows that cannot be read are left out. */
export function attemptsLike(database: Database, identity: string, count: number): AttemptRecord[] {
  const sql = 'SELECT * FROM attempts WHERE identity = ? ORDER BY started_at DESC, number DESC LIMIT ?'
  return database.all(sql, identity, count).flatMap((row) => recordIn(database, row) ?? [])
}

/** Let a run reuse attempts of earlier runs, without those that have left the store meanwhile. The caller owns the run. */
export function reuseAttempts(database: Database, run: string, attempts: readonly AttemptPlace[]): void {
  database.transaction(() => {
    const sql = `INSERT INTO reused (run, attempt) SELECT runs.number, attempts.number FROM runs, attempts
      WHERE runs.id = ? AND attempts.run = ? AND attempts.id = ? ON CONFLICT DO NOTHING`
    for (const attempt of attempts) database.run(sql, run, attempt.run, attempt.id)
  })
}
