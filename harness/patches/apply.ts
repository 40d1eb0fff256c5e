/** Applies patches with GNU patch, byte for byte. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand, type Finished } from '#harness/support/process.ts'
import { stripOf } from '#analysis/patch/paths.ts'

export interface PatchOptions {
  /** Folders to take off the paths of the patch. */
  readonly strip: number
  /** Lines of context at either end that may differ. */
  readonly fuzz: number
  /** More options of patch. */
  readonly more: readonly string[]
  readonly signal?: AbortSignal | undefined
}

/** Apply a patch (one character per byte) to a folder. Returns how patch ended; its output names every hunk that it moved. */
export async function runPatch(text: string, folder: string, { strip, fuzz, more, signal }: PatchOptions): Promise<Finished> {
  // --binary: carriage returns are part of the lines they end.
  const how = [`-p${strip}`, `--fuzz=${fuzz}`, '--binary', '--no-backup-if-mismatch', '--reject-file=-', ...more, '-d', folder]
  const input = Buffer.from(text, 'latin1')
  return runCommand('patch', how, { input, anyExit: true, bytes: true, env: { LC_ALL: 'C' }, signal })
}

/** The number of folders to take off the paths of a patch so that they are those of the source in `folder`. */
export function stripFor(text: string, folder: string, isMade: (path: string) => boolean = () => false): number {
  return stripOf(text, (path) => isMade(path) || (!path.split('/').includes('..') && existsSync(join(folder, path))))
}
