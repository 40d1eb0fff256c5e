/** Texts that are derived from what is stored: a file beside the store that may be deleted at any time. */
import { DatabaseSync } from 'node:sqlite'

/** A cache of texts by name, for what takes long to make again. */
export interface TextCache {
  readonly read: (name: string) => string | null
  /** Store texts, all at once. */
  readonly write: (texts: ReadonlyMap<string, string>) => void
  readonly close: () => void
}

/** A cache that grew beyond this begins anew. */
const MAX_BYTES = 512 * 2 ** 20

/** Milliseconds to wait for another process before going on without. */
const BUSY_TIMEOUT = 1000

/** A cache at `path`. Whatever is wrong with its file, nothing is known then, and nothing is kept. */
export function openTextCache(path: string): TextCache {
  try {
    const connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT })
    connection.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS texts (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID`)
    dropLarge(connection)
    const find = connection.prepare('SELECT text FROM texts WHERE name = ?')
    const put = connection.prepare('INSERT INTO texts (name, text) VALUES (?, ?) ON CONFLICT DO UPDATE SET text = excluded.text')
    return {
      read: (name) => quietly(() => String(find.get(name)?.['text'] ?? '') || null),
      write: (texts) => {
        quietly(() => {
          connection.exec('BEGIN IMMEDIATE')
          for (const [name, text] of texts) put.run(name, text)
          connection.exec('COMMIT')
        })
        if (connection.isTransaction) quietly(() => connection.exec('ROLLBACK'))
      },
      close: () => void quietly(() => connection.close()),
    }
  } catch {
    return { read: () => null, write: () => undefined, close: () => undefined }
  }
}

/** What the work gives, null where it fails. */
function quietly<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}

function dropLarge(connection: DatabaseSync): void {
  const number = (pragma: string): number => Number(connection.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0)
  if (number('page_count') * number('page_size') > MAX_BYTES) connection.exec('DELETE FROM texts; VACUUM')
}
