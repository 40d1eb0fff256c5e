/** Which snapshot a guest was restored from, read from the arguments of its QEMU. */
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { stateFile } from './snapshot.ts'

export interface SnapshotProvenance {
  readonly folder: string
  /** Name of its folder. Snapshots with the same key were booted from the same inputs. */
  readonly key: string
}

/** The snapshot in these arguments of QEMU; null for a booted guest. */
export function snapshotProvenance(argv: readonly string[]): SnapshotProvenance | null {
  const memory = argv.find((word) => word.startsWith('memory-backend-file,id=ram,') && word.endsWith(',share=off'))
  const file = /,mem-path=(.*),share=off$/.exec(memory ?? '')?.[1]?.replaceAll(',,', ',')
  return file === undefined ? null : { folder: dirname(file), key: basename(dirname(file)) }
}

/** When the snapshot was saved, in milliseconds since the epoch; null when it does not exist any more. */
export async function savedAt({ folder }: SnapshotProvenance): Promise<number | null> {
  return stat(stateFile(folder)).then(
    ({ mtimeMs }) => mtimeMs,
    () => null,
  )
}
