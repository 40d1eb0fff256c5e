/**
 * The part of a selector behind `tree:`.
 *
 *     PART   = SOURCE {"," OPTION}
 *     SOURCE = "debian-" SERIES      Debian's newest linux-source package of a series: debian-5.10
 *            | "debian-" BUILD       one version of that package: debian-5.10.223-1
 *            | PATH                  a folder in its present state, or a tarball: /src/linux, linux-6.1.tar.xz
 *            | PATH "@" REV          a git tree at a revision: /src/linux@v6.1.170
 *     OPTION = "patch=" PATH         applied in the given order, without fuzz (offsets are allowed)
 *            | "config=" FRAGMENT    merged onto the base in the given order: a name in vm-images/configs, or a PATH
 *
 * The fragment `base` is always included: the guest does not boot without it. How a path with commas or @ is read, and its
 * escapes: ../../provider/selector-parts.ts.
 */
import { resolve } from 'node:path'
import { UserError } from '#domain/errors.ts'
import { isPath, pathIn, splitParts, withoutEscapes } from '#harness/kernels/provider/selector-parts.ts'

/** Where the source of a kernel is, as the selector names it. */
export type TreePlace =
  | { readonly kind: 'debian'; readonly package: string; readonly build: string | null }
  | { readonly kind: 'git'; readonly path: string; readonly revision: string }
  | { readonly kind: 'path'; readonly path: string }

export interface TreeSelector {
  readonly place: TreePlace
  /** Absolute paths of patches. */
  readonly patches: readonly string[]
  /** Names or absolute paths of fragments, without `base`. */
  readonly configs: readonly string[]
}

const HINT = 'write tree:debian-5.10, tree:/path/to/linux@REV or tree:linux.tar.xz, then ,patch=FILE and ,config=kasan as needed'

/** Parse the part of a selector behind `tree:`. Throws UserError that shows how to write one. */
export function parseTreeSelector(part: string): TreeSelector {
  const isThere = (key: string | null, text: string) =>
    isPath(text) || (key === null && placeAt(text)?.revision.includes(',') === false)
  const grammar = { whole: `tree:${part}`, keys: { patch: 'FILE', config: 'FRAGMENT' }, isThere, hint: HINT }
  const { first, options } = splitParts(part, grammar)
  if (first === '') throw new UserError(`tree:${part} does not name a source`, HINT)
  const valuesOf = (wanted: string) => options.flatMap(({ key, value }) => (key === wanted ? [value] : []))
  return {
    place: parsePlace(first),
    patches: valuesOf('patch').map((value) => resolve(pathIn(value))),
    configs: valuesOf('config')
      .map(configIn)
      .filter((name) => name !== 'base'),
  }
}

/** A config fragment as it is named, its path made absolute. */
export const configIn = (value: string): string => (value.includes('/') ? resolve(pathIn(value)) : value)

function parsePlace(source: string): TreePlace {
  const [, series, rest] = /^debian-(\d+\.\d+)((?:[.~][\w.+~]+)?-[\w.+~]+)?$/.exec(source) ?? []
  if (series !== undefined) {
    return { kind: 'debian', package: `linux-source-${series}`, build: rest === undefined ? null : `${series}${rest}` }
  }
  if (source.startsWith('debian-')) throw new UserError(`tree:${source} is not a valid Debian series or package version`, HINT)
  if (isPath(source)) return { kind: 'path', path: resolve(pathIn(source)) }
  const there = placeAt(source)
  if (there) return there
  const [, path, revision] = /^((?:\\.|[^\\])*)@((?:\\.|[^@\\])*)$/s.exec(source) ?? []
  if (path === undefined || revision === undefined) return { kind: 'path', path: resolve(pathIn(source)) }
  if (path === '' || !isRevision(revision)) throw new UserError(`tree:${source} has no valid revision behind @`, HINT)
  return gitPlace(path, revision)
}

const gitPlace = (path: string, revision: string) =>
  ({ kind: 'git', path: resolve(pathIn(path)), revision: withoutEscapes(revision) }) as const

/** A git tree at a revision, where the longest path before an @ is there; null when none is. */
function placeAt(source: string): Extract<TreePlace, { kind: 'git' }> | null {
  for (let at = source.lastIndexOf('@'); at > 0; at = source.lastIndexOf('@', at - 1)) {
    const [path, revision] = [source.slice(0, at), source.slice(at + 1)]
    if (isPath(path) && isRevision(revision)) return gitPlace(path, revision)
  }
  return null
}

/** git would take a revision that starts with a dash for an option. */
const isRevision = (text: string) => /^[^-\s][^\n]*$/.test(text)
