/** The text of boundaries and timelines, for every renderer. */
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, Timeline, Report, Untested } from '#domain/report/matrix.ts'
import { chanceOf } from '#domain/numbers.ts'
import { oneLine, rangeOf } from './format.ts'

/** `the fix came`, `the fix was lost`. */
export function changeOf({ to }: Pick<Boundary, 'to'>): string {
  return to === 'carries' ? 'the fix came' : 'the fix was lost'
}

/** Whether the two kernels are adjacent, what lies between them, and the miss probability: lines without control characters. */
export function precisionOf({ precision, untested, missProbability }: Boundary, dots = '…'): string[] {
  const probability = missProbability === null ? [] : [`miss probability ${chanceOf(missProbability)}`]
  return [`${PRECISION[precision]}: ${betweenOf(untested, dots)}`, ...probability]
}

const PRECISION: Readonly<Record<Boundary['precision'], string>> = {
  adjacent: 'adjacent',
  'untested-between': 'untested in between',
}

/** The kernels between, by the reason they were not tested. */
function betweenOf(untested: readonly Untested[] | null, dots: string): string {
  if (untested === null) return 'the kernels there are not listed'
  if (untested.length === 0) return 'no other kernel between'
  return untested.every(({ reason }) => reason === 'not-tested') ? rangeOf(labelsOf(untested), dots) : reasonsOf(untested, dots)
}

/** Versions, with the build where several kernels have one version: `6.1.192`, `6.1.192-1-cloud-amd64`. */
function labelsOf(untested: readonly Untested[]): string[] {
  const isShared = new Set(untested.map(({ version }) => version)).size < untested.length
  return untested.map(({ version, kernel }) => oneLine(isShared ? kernel.replace(/^[a-z]+-(?=\d)/, '') : version))
}

const WHY: Partial<Readonly<Record<Untested['reason'], string>>> = {
  'not-on-mirror': 'not on the mirror',
  'not-applicable': 'not applicable',
  'not-tested': 'not tested',
  'no-result': 'no result',
}

/** `not tested: 6.12.86 … 6.12.90 (5), error: 6.12.93`. */
export function reasonsOf(untested: readonly Untested[], dots = '…'): string {
  const groups = Map.groupBy(untested, ({ reason }) => reason)
  return [...groups].map(([why, own]) => `${WHY[why] ?? why}: ${rangeOf(labelsOf(own), dots)}`).join(', ')
}

/** The answers of a case in the series where its answer never changes. */
export interface Steady {
  readonly case: string
  readonly parts: readonly { readonly verdict: Verdict; readonly ranges: readonly string[] }[]
}

/** The series in which all answers of a case agree, from the first tested kernel to the last; by case. */
export function steadyOf({ timelines, kernels }: Pick<Report, 'timelines' | 'kernels'>, dots = '…'): Steady[] {
  const versions = new Map(kernels.map(({ id, version }) => [id, oneLine(version)]))
  const version = (id: string) => versions.get(id) ?? id
  const steady = Map.groupBy(
    timelines.filter(({ intervals }) => intervals.length === 1),
    (timeline) => timeline.case,
  )
  return [...steady].map(([name, own]) => {
    const byVerdict = Map.groupBy(own, ({ intervals }) => intervals[0]?.verdict ?? 'carries')
    const parts = (['lacks', 'carries'] as const).flatMap((verdict) => {
      const ranges = (byVerdict.get(verdict) ?? []).map((timeline) => rangeOfSteady(timeline, version, dots))
      return ranges.length > 0 ? [{ verdict, ranges }] : []
    })
    return { case: name, parts }
  })
}

/** `6.1.170 … 6.1.192 (9 of 10)`: the first and the last tested kernel, the number of tested and of known kernels. */
function rangeOfSteady(timeline: Timeline, version: (id: string) => string, dots: string): string {
  const { ends, share } = steadyWords(timeline, version, dots)
  return ends === '' ? '' : `${ends} (${share})`
}

/** Of a branch whose answer never changes: `6.1.170 … 6.1.192`, and how many of its kernels were tested, `9 of 10`. */
export function steadyWords({ intervals, known }: Timeline, version: (id: string) => string, dots = '…') {
  const [interval] = intervals
  if (!interval) return { ends: '', share: '' }
  const { first, last, tested } = interval
  const share = known === null ? `${tested}` : known === tested ? `all ${known}` : `${tested} of ${known}`
  return { ends: [...new Set([version(first), version(last)])].join(` ${dots} `), share }
}
