/** What kernel ids stood for in the runs that used them. */
import type { Kernel } from '#domain/kernel.ts'
import type { Database } from './database.ts'
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

export function kernelsSeen(database: Database): SeenKernel[] {
  return database.all('SELECT * FROM kernels ORDER BY id, sha256').map((row) => ({
    kernel: JSON.parse(row['kernel'] as string) as Kernel,
    sha256: row['sha256'] as string,
    release: row['release'] as string | null,
  }))
}
