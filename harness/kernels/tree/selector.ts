/**
 * What may follow `tree:` in a selector.
 *
 *     PART   = SOURCE {"," OPTION}
 *     SOURCE = "debian-" SERIES      Debian's newest linux-source package of a series: debian-5.10
 *            | "debian-" BUILD       that very package version: debian-5.10.223-1
 *            | PATH                  a folder as it stands, or a tarball: /src/linux, linux-6.1.tar.xz
 *            | PATH "@" REV          a git tree at a revision: /src/linux@v6.1.170
 *     OPTION = "patch=" PATH         applied in the order given, exactly where its context is (offsets allowed)
 *            | "config=" FRAGMENT    merged onto the base in the order given: a name of vm-images/configs, or a PATH
 *
 * The base fragment is always there: no guest of ours boots without it. A path has no comma; one with @ is followed by @REV.
 */
import { resolve } from 'node:path'
import { UserError } from '#domain/errors.ts'

/** Where the source of a kernel is, as it was asked for. */
export type TreePlace =
  | { readonly kind: 'debian'; readonly package: string; readonly build: string | null }
  | { readonly kind: 'git'; readonly path: string; readonly revision: string }
  | { readonly kind: 'path'; readonly path: string }

export interface TreeSelector {
  readonly place: TreePlace
  /** Paths of patches, absolute. */
  readonly patches: readonly string[]
  /** Names of fragments, or absolute paths of them, without the base. */
  readonly configs: readonly string[]
}

const HINT = 'write tree:debian-5.10, tree:/path/to/linux@REV or tree:linux.tar.xz, then ,patch=FILE and ,config=kasan as needed'

/** Read the part of a selector behind `tree:`. Throws UserError when it is none. */
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
  if (source === '') throw new UserError(`tree:${part} names no source`, HINT)
  return { place: parsePlace(source), patches, configs: configs.filter((name) => name !== 'base') }
}

function parsePlace(source: string): TreePlace {
  const [, series, rest] = /^debian-(\d+\.\d+)((?:[.~][\w.+~]+)?-[\w.+~]+)?$/.exec(source) ?? []
  if (series !== undefined) {
    return { kind: 'debian', package: `linux-source-${series}`, build: rest === undefined ? null : `${series}${rest}` }
  }
  if (source.startsWith('debian-')) throw new UserError(`tree:${source} is no Debian series or package version`, HINT)
  const at = source.lastIndexOf('@')
  if (at < 0) return { kind: 'path', path: resolve(source) }
  const [path, revision] = [source.slice(0, at), source.slice(at + 1)]
  // A revision that began with a dash would be an option to git.
  if (path === '' || !/^[^-\s]\S*$/.test(revision)) throw new UserError(`tree:${source} names no revision behind @`, HINT)
  return { kind: 'git', path: resolve(path), revision }
}
