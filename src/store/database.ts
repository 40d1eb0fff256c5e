/** The only user of SQLite: opens the database durably, migrates it, and translates its errors. */
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { InfraError, UserError } from '#domain/errors.ts'
import { parseJson } from '#schema/read.ts'
import type { Schema } from '#schema/basics.ts'
import { sqliteFailure } from './failures.ts'
import { migrations } from './migrations.ts'

export type Row = Readonly<Record<string, SQLOutputValue>>

const DAMAGED = 'the store is damaged: move it away'

/** The text in a column. Throws InfraError where there is none: the tables are STRICT, so the file is damaged. */
export function textIn(row: Row, column: string): string {
  const value = row[column]
  if (typeof value === 'string') return value
  throw new InfraError(`a row of the store has no ${column}`, DAMAGED)
}

/** The text in a column, or its null. Throws InfraError for any other value. */
export function nullableTextIn(row: Row, column: string): string | null {
  return row[column] === null ? null : textIn(row, column)
}

/** JSON in a column, as data of this schema. Throws InfraError that names the row where it is damaged. */
export function dataIn<T>(row: Row, column: string, schema: Schema<T>, name: string): T {
  const { value, problem } = parseJson(schema, textIn(row, column))
  if (problem === null) return value
  throw new InfraError(`the ${column} of ${name} cannot be read`, DAMAGED, { cause: problem.text })
}

export interface Database {
  /** The folder that it lies in. */
  readonly folder: string
  all(sql: string, ...values: SQLInputValue[]): readonly Row[]
  /** Rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number
  /** All of the work or nothing; no other process writes meanwhile. The work must not wait for anything. */
  transaction<T>(work: () => T): T
  close(): void
}

/** Milliseconds to wait for another process; transactions here take single ones. */
const BUSY_TIMEOUT = 10_000

function schemaVersion(connection: DatabaseSync): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.['user_version'])
}

function migrate(connection: DatabaseSync, path: string): void {
  if (schemaVersion(connection) === migrations.length) return
  connection.exec('BEGIN IMMEDIATE')
  // Checked again, because another process may have migrated while this one waited for the lock.
  const version = schemaVersion(connection)
  if (version > migrations.length) {
    connection.exec('ROLLBACK')
    const hint = 'use that one, or set KWITNESS_STATE to another folder'
    throw new UserError(`the store ${path} was written by a newer kwitness`, hint)
  }
  for (const step of migrations.slice(version)) connection.exec(step)
  connection.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`)
}

function connect(path: string, readOnly: boolean): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT, readOnly })
  try {
    if (!readOnly) {
      connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
      migrate(connection, path)
    } else if (schemaVersion(connection) !== migrations.length) {
      // A report must work on an older store, too; the migration writes, so it has a connection of its own.
      connect(path, false).close()
    }
  } catch (error) {
    connection.close()
    throw error
  }
  return connection
}

/**
 * Open (and where allowed to write, make) the database at `path`.
 * Throws InfraError, with what to do, for a file that is damaged, locked or cannot be accessed, and UserError
 * for one that a newer kwitness wrote; every method throws the same.
 */
export function openDatabase(path: string, options: { readonly readOnly: boolean }): Database {
  const guarded = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw sqliteFailure(path, error)
    }
  }
  const connection = guarded(() => connect(path, options.readOnly))
  const statements = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const statement = statements.get(sql) ?? connection.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return {
    folder: dirname(path),
    all: (sql, ...values) => guarded(() => prepare(sql).all(...values)),
    run: (sql, ...values) => guarded(() => Number(prepare(sql).run(...values).changes)),
    transaction: (work) =>
      guarded(() => {
        connection.exec('BEGIN IMMEDIATE')
        try {
          const result = work()
          connection.exec('COMMIT')
          return result
        } catch (error) {
          if (connection.isTransaction) connection.exec('ROLLBACK')
          throw error
        }
      }),
    close: () => connection.close(),
  }
}
