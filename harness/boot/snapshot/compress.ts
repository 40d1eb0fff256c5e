/**
 * Compress the RAM of snapshots that are seldom used. A restored guest maps the RAM file, so it must be uncompressed then;
 * compressed it takes a quarter of the disk, and decompressing takes a tenth of the time of a boot (bench/states.ts).
 */
import { randomUUID } from 'node:crypto'
import { rename, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { exists } from '#harness/support/workspace.ts'

export const ramFile = (folder: string): string => join(folder, 'ram')
export const compressedFile = (folder: string): string => join(folder, 'ram.zst')

/** Turn the zero pages of a finished RAM file into holes. On a file system without holes the file stays as it is. */
export async function digHoles(file: string): Promise<void> {
  await runCommand('fallocate', ['--dig-holes', file], { anyExit: true })
}

/** Run zstd on `from` and rename the result to `to`, with this modification time in seconds. Throws InfraError. */
async function zstd(args: readonly string[], from: string, to: string, mtime?: number): Promise<void> {
  const temporary = `${to}.${randomUUID()}`
  try {
    await runCommand('zstd', ['-q', ...args, from, '-o', temporary])
    if (mtime !== undefined) await utimes(temporary, mtime, mtime)
    await rename(temporary, to)
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Compress the RAM of a snapshot, and remove the uncompressed file unless `isWanted` says afterwards that it is in use.
 * Throws InfraError when zstd fails, and then changes nothing.
 */
export async function compressRam(
  folder: string,
  isWanted: () => Promise<boolean> = () => Promise.resolve(false),
): Promise<void> {
  // A compressed file never becomes stale: nobody writes to the RAM of a snapshot.
  if (!(await exists(compressedFile(folder)))) await zstd(['-1'], ramFile(folder), compressedFile(folder))
  if (!(await isWanted())) await rm(ramFile(folder), { force: true })
}

/**
 * Decompress the RAM of a snapshot, with the modification time it had, and keep the compressed file for the next eviction.
 * Returns false when there is no compressed file. Throws InfraError when it is damaged (zstd verifies a checksum), or the
 * disk is full.
 */
export async function decompressRam(folder: string, mtimeMs: number): Promise<boolean> {
  if (!(await exists(compressedFile(folder)))) return false
  await zstd(['-d', '--sparse'], compressedFile(folder), ramFile(folder), mtimeMs / 1000)
  return true
}
