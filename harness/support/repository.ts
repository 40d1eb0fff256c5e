/** Paths of files in this repository: the guest's sources, configs, the catalogue. */
import { join } from 'node:path'

/** Absolute path of the folder that holds package.json. */
export const REPOSITORY = join(import.meta.dirname, '..', '..')

/** Absolute path of a file or folder of this repository: `inRepository('vm-images', 'guest')`. */
export const inRepository = (...parts: string[]): string => join(REPOSITORY, ...parts)
