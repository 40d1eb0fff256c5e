/**
 * The part of a selector behind `file:`.
 *
 *     PART   = PATH {"," OPTION}
 *     OPTION = "config=" PATH | "modules=" PATH      each at most once
 *
 * A path may hold any character: the whole text is tried as a path first, and a backslash escapes (selector-parts.ts).
 */
import { existsSync } from 'node:fs'
import { UserError } from '#domain/errors.ts'
import { splitParts, withoutEscapes } from '../provider/selector-parts.ts'

/** The selector `file:/path/to/bzImage,config=/path,modules=/lib/modules/RELEASE`. */
export interface FileSelector {
  readonly image: string
  readonly config: string | null
  readonly modules: string | null
}

const EXAMPLE = 'write file:/path/to/bzImage,config=/path,modules=/lib/modules/RELEASE'

/** Parse the part. Throws UserError for an unknown option, one that is given twice, or a missing image. */
export function parseFileSelector(part: string, exists: (path: string) => boolean = existsSync): FileSelector {
  const pathIn = (text: string) => (exists(text) ? text : withoutEscapes(text))
  const isThere = (_: string | null, text: string) => text !== '' && exists(pathIn(text))
  const keys = { config: 'PATH', modules: 'PATH' }
  const { first, options } = splitParts(part, { whole: `file:${part}`, keys, isThere, hint: EXAMPLE })
  if (first === '') throw new UserError(`file:${part} does not name an image`, 'write file:/path/to/bzImage')
  if (new Set(options.map(({ key }) => key)).size < options.length) {
    throw new UserError(`file:${part} gives an option twice`, EXAMPLE)
  }
  const pathOf = (wanted: string) => {
    const value = options.find(({ key }) => key === wanted)?.value
    return value === undefined ? null : pathIn(value)
  }
  return { image: pathIn(first), config: pathOf('config'), modules: pathOf('modules') }
}
