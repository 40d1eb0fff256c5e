/** Which saved guest a restored one came from, read from the arguments it was started with. */
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { stateFile } from './snapshot.ts'

export interface SnapshotProvenance {
  readonly folder: string
  /** What it is saved under: guests of one key were booted from the same things, once or more often. */
  readonly key: string
}

/** The saved guest behind these arguments of QEMU; null for a guest that was booted. */
export function snapshotProvenance(argv: readonly string[]): SnapshotProvenance | null {
  const memory = argv.find((word) => word.startsWith('memory-backend-file,') && word.endsWith(',share=off'))
  const file = /,mem-path=(.*),share=off$/.exec(memory ?? '')?.[1]?.replaceAll(',,', ',')
  return file === undefined ? null : { folder: dirname(file), key: basename(dirname(file)) }
}

/** When that guest was saved, in milliseconds since the epoch; null when it is gone. */
export async function savedAt({ folder }: SnapshotProvenance): Promise<number | null> {
  return stat(stateFile(folder)).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  )
}
