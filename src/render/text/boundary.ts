/** Boundaries and histories in words, once for every renderer. */
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, History, Report, Untested } from '#domain/report/matrix.ts'
import { chanceOf } from './numbers.ts'
import { oneLine, rangeOf } from './format.ts'

/** `the fix came`, `the fix went`. */
export function changeOf({ to }: Pick<Boundary, 'to'>): string {
  return to === 'carries' ? 'the fix came' : 'the fix went'
}

/** How sure the place of a boundary is, and what lies between: harmless lines that may be joined. */
export function sureOf({ confidence, untested, missChance }: Boundary, dots = '…'): string[] {
  const odds = missChance === null ? [] : [`carried by odds: chance of a miss ${chanceOf(missChance)}`]
  return [`${confidence}: ${betweenOf(untested, dots)}`, ...odds]
}

/** What lies between, by why it was not tested. */
function betweenOf(untested: readonly Untested[] | null, dots: string): string {
  if (untested === null) return 'nothing lists what lies between'
  return untested.length === 0 ? 'no other kernel between' : `between, ${reasonsOf(untested, dots)}`
}

const WHY: Partial<Readonly<Record<Untested['why'], string>>> = {
  gone: 'no longer to be had',
  'not-applicable': 'cannot be asked',
  missing: 'no answer',
}

/** `not asked: 6.12.86 … 6.12.90 (5), broken: 6.12.93`. */
export function reasonsOf(untested: readonly Untested[], dots = '…'): string {
  const groups = Map.groupBy(untested, ({ why }) => why)
  return [...groups]
    .map(
      ([why, own]) =>
        `${WHY[why] ?? why}: ${rangeOf(
          own.map(({ version }) => oneLine(version)),
          dots,
        )}`,
    )
    .join(', ')
}

/** What a case says in the series where its answer never changes. */
export interface Steady {
  readonly case: string
  readonly parts: readonly { readonly verdict: Verdict; readonly ranges: readonly string[] }[]
}

/** The series in which a case answers alike wherever it was asked, from the first tested kernel to the last; by case. */
export function steadyOf({ histories, kernels }: Pick<Report, 'histories' | 'kernels'>, dots = '…'): Steady[] {
  const versions = new Map(kernels.map(({ id, version }) => [id, oneLine(version)]))
  const version = (id: string) => versions.get(id) ?? id
  const steady = Map.groupBy(
    histories.filter(({ stretches }) => stretches.length === 1),
    (history) => history.case,
  )
  return [...steady].map(([name, own]) => {
    const byVerdict = Map.groupBy(own, ({ stretches }) => stretches[0]?.verdict ?? 'carries')
    const parts = (['lacks', 'carries'] as const).flatMap((verdict) => {
      const ranges = (byVerdict.get(verdict) ?? []).map((history) => rangeOfSteady(history, version, dots))
      return ranges.length > 0 ? [{ verdict, ranges }] : []
    })
    return { case: name, parts }
  })
}

/** `6.1.170 … 6.1.192 (9 of 10)`: the first and the last tested kernel, how many were, and of how many. */
function rangeOfSteady({ stretches, known }: History, version: (id: string) => string, dots: string): string {
  const [stretch] = stretches
  if (!stretch) return ''
  const ends = [...new Set([version(stretch.first), version(stretch.last)])].join(` ${dots} `)
  const { tested } = stretch
  return `${ends} (${known === null ? tested : known === tested ? `all ${known}` : `${tested} of ${known}`})`
}
