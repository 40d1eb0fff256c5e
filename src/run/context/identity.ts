/** The identity of an attempt that is still to be made, as a run holds it. */
import type { ExternalModuleKey } from '#harness/image/external-module.ts'
import type { KernelImage } from '#domain/kernel.ts'
import type { Cell } from '#plan/cells.ts'

export interface Identity {
  /** sha256 of all that the answer depends on. */
  readonly identity: string
  /** The external modules that it counts on. */
  readonly externalModules: readonly ExternalModuleKey[]
}

/** The identity of the attempts of a cell on this image; null where it has none. */
export type Identify = (cell: Cell, image: KernelImage) => Promise<Identity | null>
