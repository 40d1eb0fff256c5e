/** The claim sources of runs. A changelog is stored once for all runs that use it, compressed so that reading is fast. */
import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { ClaimSources } from '#domain/claim-sources.ts'
import { claimSourcesSchema } from '#schema/claim-sources.ts'
import { readJson } from '#schema/read.ts'
import { textIn, type Database } from './database.ts'

/** Store the claim sources of a run, replacing those of the same kernels, and the changelogs (texts by sha256) they name. */
export function recordClaimSources(
  database: Database,
  run: string,
  sources: readonly ClaimSources[],
  changelogs: ReadonlyMap<string, Uint8Array>,
): void {
  const compressed = [...changelogs].map(([sha256, text]) => [sha256, zstdCompressSync(text)] as const)
  database.transaction(() => {
    for (const [sha256, zstd] of compressed) {
      database.run('INSERT INTO changelogs (sha256, zstd) VALUES (?, ?) ON CONFLICT DO NOTHING', sha256, zstd)
    }
    const values = 'INSERT INTO claim_sources (run, kernel, sources) VALUES (?, ?, ?)'
    for (const one of sources) {
      const sql = `${values} ON CONFLICT DO UPDATE SET sources = excluded.sources`
      database.run(sql, run, one.kernel, JSON.stringify(one))
    }
  })
}

const DAMAGED = { unavailable: 'the stored copy is damaged' }

/** The claim sources of a run, by kernel. A damaged one is unavailable, with the reason. */
export function claimSourcesOf(database: Database, run: string): ClaimSources[] {
  return database.all('SELECT kernel, sources FROM claim_sources WHERE run = ? ORDER BY kernel', run).map((row) => {
    const read = readJson(claimSourcesSchema, textIn(row, 'sources'))
    return read ?? { kernel: textIn(row, 'kernel'), changelog: DAMAGED, gitTree: DAMAGED }
  })
}

export function hasChangelog(database: Database, sha256: string): boolean {
  return database.all('SELECT 1 FROM changelogs WHERE sha256 = ?', sha256).length > 0
}

/** sha256 (hex) over a changelog as it is stored; null when it is missing. */
export function changelogFingerprint(database: Database, sha256: string): string | null {
  const zstd = database.all('SELECT zstd FROM changelogs WHERE sha256 = ?', sha256)[0]?.['zstd']
  return zstd instanceof Uint8Array ? createHash('sha256').update(zstd).digest('hex') : null
}

/** The text of a changelog, null when it is missing or damaged. */
export function readChangelogText(database: Database, sha256: string): string | null {
  const zstd = database.all('SELECT zstd FROM changelogs WHERE sha256 = ?', sha256)[0]?.['zstd']
  if (!(zstd instanceof Uint8Array)) return null
  try {
    const text = zstdDecompressSync(zstd)
    return createHash('sha256').update(text).digest('hex') === sha256 ? text.toString('utf8') : null
  } catch {
    return null
  }
}
