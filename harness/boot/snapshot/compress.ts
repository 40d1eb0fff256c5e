/**
 * The RAM of saved guests, stored compactly. A guest that is restored needs it as a file that can be mapped; one that nobody
 * asked for lately takes a quarter of that compressed, and comes back in a tenth of the time of a boot (bench/states.ts).
 */
import { randomUUID } from 'node:crypto'
import { rename, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '#harness/support/process.ts'
import { exists } from '#harness/support/workspace.ts'

export const ramFile = (folder: string): string => join(folder, 'ram')
export const compressedFile = (folder: string): string => join(folder, 'ram.zst')

/** Make holes of the zero pages of a RAM file that is done. Where the file system knows no holes, it stays as it is. */
export async function digHoles(file: string): Promise<void> {
  await runCommand('fallocate', ['--dig-holes', file], { anyExit: true })
}

/** Have zstd make `to` of a file, whole or not at all, with this time (seconds). Throws InfraError when it cannot. */
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
 * Keep the RAM of a guest compressed alone, from now on; or beside it, when it turns out to be `wanted` once that is done.
 * Throws InfraError when it cannot be packed: nothing is changed then.
 */
export async function compressRam(folder: string, wanted: () => Promise<boolean> = () => Promise.resolve(false)): Promise<void> {
  // A packed file that is there already was made of this very RAM: nobody writes to it.
  if (!(await exists(compressedFile(folder)))) await zstd(['-1'], ramFile(folder), compressedFile(folder))
  if (!(await wanted())) await rm(ramFile(folder), { force: true })
}

/**
 * Bring the RAM of a packed guest back, with the time it had; it stays packed beside, so that it can go again at once. False
 * when it is not packed. Throws InfraError when it is damaged (zstd keeps a sum of the content), or the disk is full.
 */
export async function decompressRam(folder: string, mtimeMs: number): Promise<boolean> {
  if (!(await exists(compressedFile(folder)))) return false
  await zstd(['-d', '--sparse'], compressedFile(folder), ramFile(folder), mtimeMs / 1000)
  return true
}
