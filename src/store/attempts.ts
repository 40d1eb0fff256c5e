/** Attempts: a folder of evidence each, then a row. What has no row was never promised to anybody. */
import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { InvariantError } from '#domain/errors.ts'
import type { AttemptTime, Evidence } from '#domain/evidence.ts'
import { profileName } from '#domain/profile.ts'
import { evidenceSchema } from '#schema/evidence.ts'
import { readJson } from '#schema/read.ts'
import { textIn, type Database, type Row } from './database.ts'
import {
  fillEvidenceFolder,
  readEvidenceFolder,
  readLog,
  stampOf,
  storedName,
  syncFolder,
  writeEvidenceFolder,
} from './evidence-folder.ts'
import { recordKernel } from './kernels.ts'
import { attemptId } from './names.ts'
import type {
  AttemptName,
  AttemptRecord,
  AttemptsAfter,
  JudgedStoredAttempts,
  LogPaths,
  MadeAttempt,
  SeenKernel,
  StoredLogs,
  StoreProblem,
} from './ports.ts'

/** The attempts of a run: its own, and those of earlier runs that it reuses. Twice the id of the run is to be bound. */
const OF_RUN = `SELECT * FROM attempts WHERE run = ?
  UNION ALL SELECT attempts.* FROM runs JOIN reused ON reused.run = runs.number JOIN attempts ON attempts.number = reused.attempt
  WHERE runs.id = ? ORDER BY kernel, case_id, profile, ordinal`

/** As much of their rows as takes no evidence to read. */
const STAMPED_OF_RUN = `SELECT number, run, id FROM attempts WHERE run = ?
  UNION ALL SELECT attempts.number, attempts.run, attempts.id FROM runs JOIN reused ON reused.run = runs.number
  JOIN attempts ON attempts.number = reused.attempt WHERE runs.id = ? ORDER BY 1`

function insert(database: Database, run: string, evidence: Evidence): AttemptRecord {
  return database.transaction(() => insertRow(database, run, evidence))
}

/** The rows of an attempt, as part of a transaction. */
function insertRow(database: Database, run: string, evidence: Evidence): AttemptRecord {
  const { job, kernel, startedAt, identity = null } = evidence
  const id = attemptId(job)
  database.run(
    `INSERT INTO attempts (run, id, kernel, case_id, profile, ordinal, started_at, evidence, identity)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    run,
    id,
    job.kernel,
    job.case,
    profileName(job.profile),
    job.attempt,
    startedAt,
    JSON.stringify(evidence),
    identity,
  )
  if (kernel.release !== null) {
    database.run('UPDATE kernels SET release = ? WHERE id = ? AND sha256 = ?', kernel.release, job.kernel, kernel.sha256)
  }
  return { id, run, evidence }
}

function hasRow(database: Database, run: string, id: string): boolean {
  return database.all('SELECT 1 FROM attempts WHERE run = ? AND id = ?', run, id).length > 0
}

/** Ids of the attempts of a run. Of one that it reuses, a killed removal of the other run may have left a folder: no stray. */
function rowIds(database: Database, run: string): Set<string> {
  return new Set(database.all(OF_RUN, run, run).map((row) => textIn(row, 'id')))
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

/** Folders filled at the same time: the disk makes those durable together that wait together. */
const FILLED_AT_ONCE = 16

/** Many attempts and their kernels at once: folders first, then all rows in one transaction. */
export async function recordAttempts(
  database: Database,
  folder: string,
  run: string,
  kernels: readonly Omit<SeenKernel, 'release'>[],
  attempts: readonly MadeAttempt[],
): Promise<void> {
  const taken = attempts.find(({ evidence }) => hasRow(database, run, attemptId(evidence.job)))
  if (taken) throw new InvariantError(`attempt ${attemptId(taken.evidence.job)} of run ${run} is already recorded`)
  const waiting = attempts.values()
  const fill = async (): Promise<void> => {
    for (const { evidence, logs } of waiting) await fillEvidenceFolder(join(folder, attemptId(evidence.job)), evidence, logs)
  }
  const filled = await Promise.allSettled(Array.from({ length: FILLED_AT_ONCE }, fill))
  for (const one of filled) if (one.status === 'rejected') throw one.reason
  await syncFolder(folder)
  database.transaction(() => {
    for (const { kernel, sha256 } of kernels) recordKernel(database, kernel, sha256)
    for (const { evidence } of attempts) insertRow(database, run, evidence)
  })
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

/** A row as it was read before, and what it says. */
interface KnownRow {
  readonly text: string
  readonly record: AttemptRecord
}

/** Rows that were read through a connection, by number: a run reads its attempts when it is planned, executed and reported. */
const knownRows = new WeakMap<Database, Map<unknown, KnownRow>>()
/** Beyond so many the memory begins anew. */
const MAX_KNOWN_ROWS = 20_000

/** A row as a record; null where its evidence cannot be read. The row of an attempt never changes, but for its run. */
export function recordIn(database: Database, row: Row): AttemptRecord | null {
  const [id, run, text] = [textIn(row, 'id'), textIn(row, 'run'), textIn(row, 'evidence')]
  const rows = knownRows.get(database) ?? new Map<unknown, KnownRow>()
  knownRows.set(database, rows)
  const known = rows.get(row['number'])
  if (known?.text === text && known.record.run === run) return known.record
  const evidence = readJson(evidenceSchema, text)
  if (evidence === null) return null
  if (rows.size >= MAX_KNOWN_ROWS) rows.clear()
  const record = { id, run, evidence }
  rows.set(row['number'], { text, record })
  return record
}

/** All attempts of a run whose rows can be read, and what is wrong with any of them at first sight. `root` has all evidence. */
export async function attemptsOf(database: Database, root: string, run: string): Promise<JudgedStoredAttempts> {
  const folders = new Map<string, Set<string>>()
  const attempts: AttemptRecord[] = []
  const problems: StoreProblem[] = []
  for (const row of database.all(OF_RUN, run, run)) {
    const [id, source] = [textIn(row, 'id'), textIn(row, 'run')]
    const read = recordIn(database, row)
    if (read) attempts.push(read)
    else problems.push({ attempt: id, message: 'its row in the store cannot be read' })
    const names = folders.get(source) ?? new Set(await namesIn(join(root, source)))
    folders.set(source, names)
    if (!names.has(id)) problems.push({ attempt: id, message: 'its evidence folder is missing' })
  }
  return { attempts, problems }
}

/** The attempts that a run made behind one of this number, up to another, as they were made; and the number of the last one. */
export function attemptsAfter(database: Database, run: string, number: number, upTo: number): AttemptsAfter {
  const sql = 'SELECT * FROM attempts WHERE run = ? AND number > ? AND number <= ? ORDER BY number'
  const rows = database.all(sql, run, number, upTo)
  return { attempts: rows.flatMap((row) => recordIn(database, row) ?? []), last: Number(rows.at(-1)?.['number'] ?? number) }
}

/** The names of all attempts of a run; nothing of their evidence is read. */
export function attemptNames(database: Database, run: string): AttemptName[] {
  return database.all(OF_RUN, run, run).map((row) => ({
    id: textIn(row, 'id'),
    kernel: textIn(row, 'kernel'),
    case: textIn(row, 'case_id'),
    attempt: Number(row['ordinal']),
  }))
}

/** sha256 (hex) over which attempts a run has and when the files of each were stored: none of them is read. */
export function attemptsStamp(database: Database, root: string, run: string): string {
  const hash = createHash('sha256')
  for (const row of database.all(STAMPED_OF_RUN, run, run)) {
    const [source, id] = [textIn(row, 'run'), textIn(row, 'id')]
    hash.update(`${source}/${id} ${stampOf(`${root}/${source}/${id}`)}\n`)
  }
  return hash.digest('hex')
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
