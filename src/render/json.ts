/** JSON: the whole Report, keys in a fixed order and one element per line, so that two reports diff line by line. */
import { toFile } from '#domain/report/file.ts'
import type { Report } from '#domain/report/matrix.ts'

/** Keys that come first, in this order; all others follow by code unit. */
const FIRST_KEYS = [
  'schema',
  'run',
  'headline',
  'caseContradictions',
  'kernels',
  'controls',
  'cases',
  'cells',
  'boundaries',
  'timelines',
  'counts',
  'id',
  'kernel',
  'case',
  'profile',
  'verdict',
  'status',
  'claim',
  'claimSource',
  'finding',
  'summary',
  'reasons',
  'trials',
  'missProbability',
  'race',
  'attempts',
]
const RANKS = new Map(FIRST_KEYS.map((key, rank) => [key, rank]))

/** Render a report as JSON, with the logs of its attempts where they are wanted; the order of its keys is fixed. */
export function renderJson(report: Report, options: { readonly logs?: boolean | undefined } = {}): string {
  return jsonByLine(toFile(report, options))
}

/** Any report in this format: one member per line, and one element per line in lists. */
export function jsonByLine(report: object): string {
  const members = ordered(report).map(([key, value]) => `${JSON.stringify(key)}: ${member(value)}`)
  return `{\n${members.join(',\n')}\n}\n`
}

/** A member of the report: a list has one element per line, any other value is one line. */
function member(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return compact(value)
  return `[\n${value.map((element) => `  ${compact(element)}`).join(',\n')}\n]`
}

/** One value on one line. */
function compact(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(ordered(inner)) : inner,
  )
}

/** The entries of an object in the fixed order. */
function ordered(value: object): [string, unknown][] {
  const rank = (key: string) => RANKS.get(key) ?? FIRST_KEYS.length
  return Object.entries(value).toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0))
}
