/** What kernel ids stood for in the runs that used them. */
import type { Kernel } from '#domain/kernel.ts'
import { kernelSchema } from '#schema/kernel.ts'
import { readJson } from '#schema/read.ts'
import { nullableTextIn, textIn, type Database } from './database.ts'
import type { SeenKernel } from './ports.ts'

/** Keep a kernel under its id and the sha256 of its image; one that is known keeps its release. */
export function recordKernel(database: Database, kernel: Kernel, sha256: string): void {
  database.run(
    'INSERT INTO kernels (id, sha256, kernel) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET kernel = excluded.kernel',
    kernel.id,
    sha256,
    JSON.stringify(kernel),
  )
}

/** All that are kept. A damaged one is left out: what a report says of a kernel comes from its own attempts first. */
export function kernelsSeen(database: Database): SeenKernel[] {
  return database.all('SELECT * FROM kernels ORDER BY id, sha256').flatMap((row) => {
    const read = readJson(kernelSchema, textIn(row, 'kernel'))
    return read ? [{ kernel: read, sha256: textIn(row, 'sha256'), release: nullableTextIn(row, 'release') }] : []
  })
}
