/**
 * The part of a selector behind `debian:`.
 *
 *     PART     = VERSIONS [":" PICK] ["/" FLAVOUR] ["@" SUITE]
 *     VERSIONS = "*" | GLOB | BOUND {"," BOUND} | "latest-of-each-series" | "oldest-of-each-series"
 *     GLOB     = a version, package version or series, where * and ? match any text: 6.1.* 6.1.170 6.1.170-3 6.1.y 7.3~rc*
 *     BOUND    = (">=" | "<=" | ">" | "<" | "=") upstream version, compared by number over all series
 *     PICK     = "newest" | "oldest", within each series and flavour
 *     FLAVOUR  = glob over amd64, cloud-amd64 (the default), rt-amd64
 *     SUITE    = glob over the suites that list a build: bookworm-security
 */
import { UserError } from '#domain/errors.ts'
import type { Kernel, ListedKernel } from '#domain/kernel.ts'
import { compareVersions, parseVersion } from '#domain/version.ts'
import { compareDebianVersions } from './archive/version.ts'
import { compareKernels } from './order.ts'

type Matchable = Kernel & Pick<ListedKernel, 'origin'>

type Operator = '>=' | '<=' | '>' | '<' | '='

export interface DebianQuery {
  readonly versions:
    | { readonly kind: 'glob'; readonly glob: string }
    | { readonly kind: 'bounds'; readonly bounds: readonly { readonly operator: Operator; readonly version: string }[] }
  readonly pick: 'all' | 'oldest' | 'newest'
  readonly flavour: string
  readonly suite: string
}

const EACH_SERIES: Readonly<Record<string, DebianQuery['pick']>> = {
  'latest-of-each-series': 'newest',
  'oldest-of-each-series': 'oldest',
}

const HINT = 'write debian:6.1.*, debian:>=6.12.85,<6.13, debian:6.1.y:newest, debian:6.1.*/amd64@bookworm-security'

/** Parse the part of a selector behind `debian:`. Throws UserError that shows how to write one. */
export function parseDebianQuery(part: string): DebianQuery {
  const bad = (why: string) => new UserError(`debian:${part}: ${why}`, HINT)
  const match = /^([^:/@]+)(?::([^:/@]*))?(?:\/([^:/@]*))?(?:@([^:/@]*))?$/.exec(part)
  if (!match) throw bad('not in the form VERSIONS:PICK/FLAVOUR@SUITE')
  const [, words = '', pickWord, flavour = 'cloud-amd64', suite = '*'] = match
  const readable = /^[\w.+~*?<>=, -]+$/.test(words) && /^[\w*?-]+$/.test(flavour) && /^[\w*?-]+$/.test(suite)
  if (!readable) throw bad('it contains a character that no selector has')
  const each = EACH_SERIES[words]
  if (each) return { versions: { kind: 'glob', glob: '*' }, pick: each, flavour, suite }
  const pick = pickWord ?? 'all'
  if (pick !== 'all' && pick !== 'newest' && pick !== 'oldest') throw bad(`${pick} is neither newest nor oldest`)
  if (!/[<>=,]/.test(words)) return { versions: { kind: 'glob', glob: words.trim() }, pick, flavour, suite }
  const bounds = words.split(',').map((word) => {
    const bound = /^\s*(>=|<=|>|<|=)\s*(\S+)\s*$/.exec(word)
    if (!bound || !parseVersion(bound[2] ?? '')) throw bad(`${JSON.stringify(word)} is not a valid bound on a version`)
    return { operator: bound[1] as Operator, version: bound[2] ?? '' }
  })
  return { versions: { kind: 'bounds', bounds }, pick, flavour, suite }
}

/** For a query with a pick: the matching kernels of each series and flavour, in the order of preference. */
export function pickOrder<K extends Matchable>(query: DebianQuery, kernels: readonly K[]): K[][] {
  const ascending = matchDebianQuery(query, kernels).toSorted(compareKernels)
  const preferred = query.pick === 'newest' ? ascending.toReversed() : ascending
  return [...Map.groupBy(preferred, ({ series, flavour }) => `${series} ${flavour}`).values()]
}

/** All kernels that match version, flavour and suite, whatever the pick. `origin` of a kernel lists its suites. */
export function matchDebianQuery<K extends Matchable>(query: DebianQuery, kernels: readonly K[]): K[] {
  const { versions } = query
  const flavour = globPattern(query.flavour)
  const suite = globPattern(query.suite)
  const glob = versions.kind === 'glob' ? globPattern(versions.glob) : null
  const bounds = versions.kind === 'bounds' ? versions.bounds : []
  return kernels.filter((kernel) => {
    if (!flavour.test(kernel.flavour) || !kernel.origin.split(' ').some((name) => suite.test(name))) return false
    if (glob) return [kernel.version, kernel.build, kernel.series].some((word) => glob.test(word))
    return bounds.every(({ operator, version }) => holds(operator, compareVersions(kernel.version, version)))
  })
}

/** A hint that names the kernels of the flavour nearest to `text` in version order. */
export function nearestHint(text: string, flavour: string, kernels: readonly Matchable[]): string {
  const pattern = globPattern(flavour)
  const fitting = kernels.filter((kernel) => pattern.test(kernel.flavour)).toSorted(compareKernels)
  const wanted = text.replace(/[*?].*$/, '')
  const after = fitting.findIndex(({ build }) => compareDebianVersions(build, wanted) > 0)
  const place = after < 0 ? fitting.length : after
  const near = fitting.slice(Math.max(0, place - 2), place + 1).map(({ id }) => id)
  return near.length > 0 ? `nearest: ${near.join(', ')}` : 'see kwitness kernels list'
}

/** A pattern for the whole text, where `*` matches any text and `?` one character. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`)
}

function holds(operator: Operator, order: number): boolean {
  if (operator === '>=') return order >= 0
  if (operator === '<=') return order <= 0
  if (operator === '>') return order > 0
  return operator === '<' ? order < 0 : order === 0
}
