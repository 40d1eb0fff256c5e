/**
 * The part of a selector behind `file:`.
 *
 *     PART   = PATH {"," OPTION}
 *     OPTION = "config=" PATH | "modules=" PATH      each at most once
 *
 * A path may hold any character. Where a text can be read in several ways, the one with the fewest options counts whose paths
 * all exist: the whole text is tried as a path first.
 */
import { existsSync } from 'node:fs'
import { UserError } from '#domain/errors.ts'

/** The selector `file:/path/to/bzImage,config=/path,modules=/lib/modules/RELEASE`. */
export interface FileSelector {
  readonly image: string
  readonly config: string | null
  readonly modules: string | null
}

/** A text with more options than this holds none of them in a path. */
const MAX_IN_PATHS = 6

const EXAMPLE = 'write file:/path/to/bzImage,config=/path,modules=/lib/modules/RELEASE'

/** Parse the part. Throws UserError for an unknown option, one that is given twice, or a missing image. */
export function parseFileSelector(part: string, exists: (path: string) => boolean = existsSync): FileSelector {
  // A split leaves out the empty piece before a joint at the start.
  const pieces = ` ${part}`.split(/(?=,(?:config|modules)=)/s).map((piece, at) => (at === 0 ? piece.slice(1) : piece))
  const joints = pieces.length - 1
  const ways = joints > MAX_IN_PATHS ? [] : Array.from({ length: 2 ** joints }, (_, way) => joinPieces(pieces, way))
  const fewestFirst = ways.toSorted((a, b) => a.length - b.length)
  const words = fewestFirst.find((way) => pathsIn(way).every((path) => path !== '' && exists(path))) ?? pieces
  const [image = '', ...options] = words
  const unknown = pathsIn(words).flatMap((path) => optionBehind(path, exists) ?? [])[0]
  if (unknown !== undefined) {
    const hint = `${EXAMPLE}; a selector with a path reaches to its end, so give --kernels again for another one`
    throw new UserError(`file:${part}: ${JSON.stringify(unknown)} is neither config=PATH nor modules=PATH`, hint)
  }
  const found = Object.fromEntries(options.map((option) => [keyOf(option), pathOf(option)]))
  if (Object.keys(found).length < options.length) throw new UserError(`file:${part} gives an option twice`, EXAMPLE)
  if (image === '') throw new UserError(`file:${part} does not name an image`, 'write file:/path/to/bzImage')
  if (pathsIn(words).includes('')) throw new UserError(`file:${part} has an option without a path`, EXAMPLE)
  return { image, config: found['config'] ?? null, modules: found['modules'] ?? null }
}

/** The pieces, joined where the bit of `way` at that joint is 0. */
function joinPieces(pieces: readonly string[], way: number): string[] {
  const words: string[] = []
  pieces.forEach((piece, at) => {
    if (at > 0 && (way & (1 << (at - 1))) === 0) words.push(`${words.pop() ?? ''}${piece}`)
    else words.push(piece)
  })
  return words
}

const keyOf = (option: string): string => option.slice(1, option.indexOf('='))
const pathOf = (option: string): string => option.slice(option.indexOf('=') + 1)

function pathsIn([image = '', ...options]: readonly string[]): string[] {
  return [image, ...options.map(pathOf)]
}

/** What follows a path that exists, where the whole does not: somebody took it for an option or a selector. */
function optionBehind(path: string, exists: (path: string) => boolean): string | null {
  if (exists(path)) return null
  const commas = [...path.matchAll(/,/g)].map(({ index }) => index).toReversed()
  const end = commas.find((at) => at > 0 && exists(path.slice(0, at)))
  return end === undefined ? null : path.slice(end + 1)
}
