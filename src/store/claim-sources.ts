/** The papers of runs. A changelog is kept once for all runs that lean on it, compressed so that it is read fast. */
import { createHash } from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { ClaimSources } from '#domain/claim-sources.ts'
import { claimSourcesSchema } from '#schema/claim-sources.ts'
import { readJson } from '#schema/read.ts'
import { textIn, type Database } from './database.ts'

/** Keep the papers of a run in place of what was kept of the same kernels, and the changelogs (texts by sha256) they name. */
export function recordClaimSources(
  database: Database,
  run: string,
  papers: readonly ClaimSources[],
  changelogs: ReadonlyMap<string, Uint8Array>,
): void {
  const packed = [...changelogs].map(([sha256, text]) => [sha256, zstdCompressSync(text)] as const)
  database.transaction(() => {
    for (const [sha256, zstd] of packed) {
      database.run('INSERT INTO changelogs (sha256, zstd) VALUES (?, ?) ON CONFLICT DO NOTHING', sha256, zstd)
    }
    for (const paper of papers) {
      const sql = 'INSERT INTO papers (run, kernel, papers) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET papers = excluded.papers'
      database.run(sql, run, paper.kernel, JSON.stringify(paper))
    }
  })
}

const DAMAGED = { unavailable: 'what was kept of it is damaged' }

/** What is kept of the kernels of a run, by kernel. Damaged sources are unavailable, and say why. */
export function claimSourcesOf(database: Database, run: string): ClaimSources[] {
  return database.all('SELECT kernel, papers FROM papers WHERE run = ? ORDER BY kernel', run).map((row) => {
    const read = readJson(claimSourcesSchema, textIn(row, 'papers'))
    return read ?? { kernel: textIn(row, 'kernel'), changelog: DAMAGED, gitTree: DAMAGED }
  })
}

export function hasChangelog(database: Database, sha256: string): boolean {
  return database.all('SELECT 1 FROM changelogs WHERE sha256 = ?', sha256).length > 0
}

/** The text of a changelog, null when it is not there or not as it was stored. */
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
