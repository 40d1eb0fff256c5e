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
 * The fragment `base` is always included: the guest does not boot without it. A path must not contain a comma; a path that
 * contains @ must be followed by @REV.
 */
import { resolve } from 'node:path'
import { UserError } from '#domain/errors.ts'

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
  const [source = '', ...options] = part.split(',')
  const patches: string[] = []
  const configs: string[] = []
  for (const option of options) {
    const [, key, value = ''] = /^(patch|config)=(.+)$/s.exec(option) ?? []
    if (key === 'patch') patches.push(resolve(value))
    else if (key === 'config') configs.push(value.includes('/') ? resolve(value) : value)
    else throw new UserError(`tree:${part}: ${JSON.stringify(option)} is neither patch=FILE nor config=FRAGMENT`, HINT)
  }
  if (source === '') throw new UserError(`tree:${part} does not name a source`, HINT)
  return { place: parsePlace(source), patches, configs: configs.filter((name) => name !== 'base') }
}

function parsePlace(source: string): TreePlace {
  const [, series, rest] = /^debian-(\d+\.\d+)((?:[.~][\w.+~]+)?-[\w.+~]+)?$/.exec(source) ?? []
  if (series !== undefined) {
    return { kind: 'debian', package: `linux-source-${series}`, build: rest === undefined ? null : `${series}${rest}` }
  }
  if (source.startsWith('debian-')) throw new UserError(`tree:${source} is not a valid Debian series or package version`, HINT)
  const at = source.lastIndexOf('@')
  if (at < 0) return { kind: 'path', path: resolve(source) }
  const [path, revision] = [source.slice(0, at), source.slice(at + 1)]
  // git would take a revision that starts with a dash for an option.
  if (path === '' || !/^[^-\s]\S*$/.test(revision)) throw new UserError(`tree:${source} has no valid revision behind @`, HINT)
  return { kind: 'git', path: resolve(path), revision }
}
