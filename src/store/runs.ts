/** Runs in the database: who started them, who is at them, whether they are finished. */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { InvariantError, UserError } from '#domain/errors.ts'
import { runHostSchema, runOriginSchema } from '#schema/run.ts'
import { anything } from '#schema/basics.ts'
import { dataIn, nullableTextIn, textIn, type Database, type Row } from './database.ts'
import { nextRunId } from './names.ts'
import { livingOwner, ownToken } from '#harness/support/owner.ts'
import { REPOSITORY } from '#harness/support/repository.ts'
import type { AttemptCounts, ListedRun, NewRun, RunOrigin, RunRecord } from './ports.ts'

function toRun(database: Database, row: Row): RunRecord {
  const id = textIn(row, 'id')
  return {
    id,
    startedAt: textIn(row, 'started_at'),
    finishedAt: nullableTextIn(row, 'finished_at'),
    plan: dataIn(row, 'plan', anything, `run ${id}`),
    host: dataIn(row, 'host', runHostSchema, `run ${id}`),
    origin: row['origin'] === null ? null : dataIn(row, 'origin', runOriginSchema, `run ${id}`),
    owner: livingOwner(database.folder, nullableTextIn(row, 'owner')),
  }
}

/** How many attempts a run made, and how many it reuses. */
export function attemptCounts(database: Database, id: string): AttemptCounts {
  const countOf = (sql: string): number => Number(database.all(sql, id)[0]?.['n'])
  return {
    made: countOf('SELECT count(*) AS n FROM attempts WHERE run = ?'),
    reused: countOf('SELECT count(*) AS n FROM reused JOIN runs ON runs.number = reused.run WHERE runs.id = ?'),
  }
}

export function listRuns(database: Database): ListedRun[] {
  return database.all('SELECT id, started_at, finished_at, owner FROM runs ORDER BY number').map((row) => ({
    id: textIn(row, 'id'),
    startedAt: textIn(row, 'started_at'),
    finishedAt: nullableTextIn(row, 'finished_at'),
    owner: livingOwner(database.folder, nullableTextIn(row, 'owner')),
  }))
}

export function runIds(database: Database): string[] {
  return database.all('SELECT id FROM runs ORDER BY number').map((row) => textIn(row, 'id'))
}

/** The row of a run. Throws UserError when there is no such run. */
export function findRow(database: Database, id: string): Row {
  const [row] = database.all('SELECT * FROM runs WHERE id = ?', id)
  if (row) return row
  const [newest] = database.all('SELECT id FROM runs ORDER BY number DESC LIMIT 1')
  throw new UserError(`there is no run ${id}`, newest ? `the newest is ${newest['id']}` : 'kwitness run makes one')
}

export function readRun(database: Database, id: string): RunRecord {
  return toRun(database, findRow(database, id))
}

/** This checkout, and the words that this process was started with. */
function ownOrigin(): RunOrigin {
  return { checkout: REPOSITORY, command: process.argv.slice(2) }
}

/**
 * Name a run, make its evidence folder and its row, owned by this process. A name whose folder is there already
 * (left by a database that was moved away) is not given again.
 */
export function createRun(
  database: Database,
  evidence: string,
  { startedAt, plan, host, origin = ownOrigin() }: NewRun,
): RunRecord {
  return database.transaction(() => {
    const taken = database.all('SELECT id FROM runs').map((row) => textIn(row, 'id'))
    const id = nextRunId(startedAt, [...taken, ...readdirSync(evidence)])
    mkdirSync(join(evidence, id))
    database.run(
      'INSERT INTO runs (id, started_at, plan, host, owner, origin) VALUES (?, ?, ?, ?, ?, ?)',
      id,
      startedAt,
      JSON.stringify(plan),
      JSON.stringify(host),
      ownToken(database.folder),
      JSON.stringify(origin),
    )
    return readRun(database, id)
  })
}

/** Make this process the owner of an unfinished run that no other living process owns; throws UserError otherwise. */
export function claimRun(database: Database, id: string): RunRecord {
  return database.transaction(() => {
    const row = findRow(database, id)
    const owner = livingOwner(database.folder, nullableTextIn(row, 'owner'))
    if (row['finished_at'] !== null) throw new UserError(`run ${id} is finished, nothing is left to do in it`, 'start a new one')
    if (owner !== null && row['owner'] !== ownToken(database.folder)) {
      throw new UserError(`another kwitness (process ${owner}) is still at run ${id}`, 'wait for it, or end it first')
    }
    database.run('UPDATE runs SET owner = ? WHERE id = ?', ownToken(database.folder), id)
    return readRun(database, id)
  })
}

/** Unfinished runs that no living process owns. */
export function abandonedRuns(database: Database): string[] {
  return database
    .all('SELECT id, owner FROM runs WHERE finished_at IS NULL ORDER BY number')
    .filter((row) => livingOwner(database.folder, nullableTextIn(row, 'owner')) === null)
    .map((row) => textIn(row, 'id'))
}

/** Throws InvariantError unless this process owns the run. */
export function checkOwned(database: Database, id: string): void {
  if (findRow(database, id)['owner'] !== ownToken(database.folder))
    throw new InvariantError(`run ${id} is not owned by this process`)
}

/** Release a run: finished when a time is given, else for a later resume. */
export function writeRun(database: Database, id: string, finishedAt: string | null): void {
  database.transaction(() => {
    checkOwned(database, id)
    database.run('UPDATE runs SET owner = NULL, finished_at = ? WHERE id = ?', finishedAt, id)
  })
}

/** Ids of the pinned runs, which nothing removes. */
export function pinnedRuns(database: Database): string[] {
  return database.all('SELECT id FROM runs WHERE pinned <> 0 ORDER BY number').map((row) => textIn(row, 'id'))
}

/** Pin a run, or let it go. Throws UserError when there is no such run. */
export function pinRun(database: Database, id: string, pinned: boolean): void {
  if (database.run('UPDATE runs SET pinned = ? WHERE id = ?', pinned ? 1 : 0, id) === 0) findRow(database, id)
}
