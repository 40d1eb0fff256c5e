/** What runs take on the disk. */
import { runCommand } from '#harness/support/process.ts'
import { textIn, type Database } from './database.ts'

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
