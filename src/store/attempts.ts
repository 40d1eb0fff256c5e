/** Attempts: a folder of evidence each, then a row. What has no row was never promised to anybody. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { InvariantError } from '#domain/errors.ts'
import type { AttemptTime, Evidence } from '#domain/evidence.ts'
import { profileName } from '#domain/profile.ts'
import { evidenceSchema } from '#schema/evidence.ts'
import { readJson } from '#schema/read.ts'
import { textIn, type Database } from './database.ts'
import { readEvidenceFolder, readLog, storedName, writeEvidenceFolder } from './evidence-folder.ts'
import { attemptId } from './names.ts'
import type { AttemptName, AttemptRecord, JudgedStoredAttempts, LogPaths, StoredLogs, StoreProblem } from './ports.ts'

function insert(database: Database, run: string, evidence: Evidence): AttemptRecord {
  const { job, kernel, startedAt } = evidence
  const id = attemptId(job)
  database.transaction(() => {
    database.run(
      `INSERT INTO attempts (run, id, kernel, case_id, profile, ordinal, started_at, evidence)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      run,
      id,
      job.kernel,
      job.case,
      profileName(job.profile),
      job.attempt,
      startedAt,
      JSON.stringify(evidence),
    )
    if (kernel.release !== null) {
      database.run('UPDATE kernels SET release = ? WHERE id = ? AND sha256 = ?', kernel.release, job.kernel, kernel.sha256)
    }
  })
  return { id, run, evidence }
}

function hasRow(database: Database, run: string, id: string): boolean {
  return database.all('SELECT 1 FROM attempts WHERE run = ? AND id = ?', run, id).length > 0
}

function rowIds(database: Database, run: string): Set<string> {
  return new Set(database.all('SELECT id FROM attempts WHERE run = ?', run).map((row) => textIn(row, 'id')))
}

/** Folder first, row second: a row always has its folder, and the row is the promise. */
export async function recordAttempt(
  database: Database,
  folder: string,
  run: string,
  evidence: Evidence,
  logs: string,
): Promise<AttemptRecord> {
  const id = attemptId(evidence.job)
  if (hasRow(database, run, id)) throw new InvariantError(`attempt ${id} of run ${run} is already recorded`)
  await writeEvidenceFolder(join(folder, id), evidence, logs)
  try {
    return insert(database, run, evidence)
  } catch (error) {
    await rm(join(folder, id), { recursive: true, force: true })
    throw error
  }
}

/** Names in a run's folder; none when it is missing. */
function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(whenUnreadable([]))
}

/** What a killed owner left in a run's folder: names without a row. */
export async function strays(database: Database, folder: string, run: string): Promise<string[]> {
  const known = rowIds(database, run)
  return (await namesIn(folder)).filter((name) => !known.has(name))
}

/**
 * Put right what a killed owner left: half-filled folders go, a whole folder whose row was not written any more gets it.
 * The caller owns the run.
 */
export async function recoverRun(database: Database, folder: string, run: string): Promise<void> {
  await makeFolder(folder)
  for (const name of await strays(database, folder, run)) {
    const { value: evidence } = name.startsWith('.') ? { value: null } : await readEvidenceFolder(join(folder, name))
    if (evidence && attemptId(evidence.job) === name) insert(database, run, evidence)
    else await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** All attempts of a run whose rows can be read, and what is wrong with any of them at first sight. */
export async function attemptsOf(database: Database, folder: string, run: string): Promise<JudgedStoredAttempts> {
  const folders = new Set(await namesIn(folder))
  const attempts: AttemptRecord[] = []
  const problems: StoreProblem[] = []
  const order = 'kernel, case_id, profile, ordinal'
  for (const row of database.all(`SELECT id, evidence FROM attempts WHERE run = ? ORDER BY ${order}`, run)) {
    const id = textIn(row, 'id')
    const read = readJson(evidenceSchema, textIn(row, 'evidence'))
    if (read) attempts.push({ id, run, evidence: read })
    else problems.push({ attempt: id, message: 'its row in the store cannot be read' })
    if (!folders.has(id)) problems.push({ attempt: id, message: 'its evidence folder is missing' })
  }
  return { attempts, problems }
}

/** The names of all attempts of a run; nothing of their evidence is read. */
export function attemptNames(database: Database, run: string): AttemptName[] {
  const sql = 'SELECT id, kernel, case_id, ordinal FROM attempts WHERE run = ? ORDER BY kernel, case_id, profile, ordinal'
  return database.all(sql, run).map((row) => ({
    id: textIn(row, 'id'),
    kernel: textIn(row, 'kernel'),
    case: textIn(row, 'case_id'),
    attempt: Number(row['ordinal']),
  }))
}

/** Where the logs of an attempt lie. */
export function logPaths(folder: string, { id, evidence }: Pick<AttemptRecord, 'id' | 'evidence'>): LogPaths {
  const [console, output] = [evidence.console, evidence.output].map((log) => join(folder, id, storedName(log)))
  return { console: console ?? '', output: output ?? '' }
}

/** Times of the newest attempts; of one whose row is damaged, none. */
export function attemptTimes(database: Database): AttemptTime[] {
  const sql = `SELECT case_id AS "case", profile, json_extract(evidence, '$.seconds') AS seconds
    FROM (SELECT * FROM attempts ORDER BY rowid DESC LIMIT 1000) WHERE json_valid(evidence)`
  return database.all(sql).flatMap((row) => {
    const { seconds } = row
    return typeof seconds === 'number' ? [{ case: textIn(row, 'case'), profile: textIn(row, 'profile'), seconds }] : []
  })
}

/** The logs of an attempt, each checked by itself. */
export async function readLogs(folder: string, { id, evidence }: AttemptRecord): Promise<StoredLogs> {
  const console = await readLog(join(folder, id), evidence.console)
  const output = await readLog(join(folder, id), evidence.output)
  const schedule = evidence.schedule ? await readLog(join(folder, id), evidence.schedule) : { value: null, problem: null }
  const problems = [console.problem, output.problem, schedule.problem].filter((message) => message !== null)
  return {
    console: console.value,
    output: output.value,
    schedule: schedule.value,
    problems: problems.map((message) => ({ attempt: id, message })),
  }
}
