/**
 * Compatibility data modelled on browser-compat-data: the first kernel of each series that carries a fix, from what guests
 * showed. `≤6.1.172` means there or earlier, because the kernel before it was not tested.
 */
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, Timeline, Report, ReportCase, TimelineInterval } from '#domain/report/matrix.ts'
import { chanceOf } from '#domain/numbers.ts'
import { reasonsOf } from './text/boundary.ts'

/** `6.1.172`, `≤6.1.172`; false for never; null for unknown. */
type VersionBound = string | false | null

/** The cell of the run behind a value. */
interface CompatEvidence {
  readonly kernel: string
  readonly verdict: Verdict
  /** Evidence folder of the attempt that decided, null without an attempt. */
  readonly attempt: string | null
}

/** One interval of kernels that carry the fix, or the statement about a series without one. */
export interface CompatStatement {
  /** The first kernel with the bug, or with the feature of the case; false if the case applies to no tested kernel. */
  readonly introduced: VersionBound
  /** The first kernel that carries the fix; false if every answer is lacks. */
  readonly carried_since: VersionBound
  /** The first kernel that lost it again. */
  readonly removed: string | null
  /** Version of the last kernel with the bug before it, and of the last one that carries the fix. */
  readonly last_without: string | null
  readonly last_with: string | null
  /** Kernels with an answer, and available kernels of this series and flavour; null without a listing. */
  readonly tested: number
  readonly known: number | null
  readonly notes: readonly string[]
  readonly evidence: readonly CompatEvidence[]
}

export interface CompatFix extends Pick<ReportCase, 'title' | 'subsystem' | 'symptom' | 'oracle' | 'references'> {
  readonly commits: readonly string[]
  readonly subjects: readonly string[]
  readonly cve: readonly string[]
  /** The release that introduced the bug or the feature, by the claim sources. */
  readonly introduced: string | null
  /** By series, then by architecture and flavour; the newest statement first. */
  readonly support: Readonly<Record<string, Readonly<Record<string, readonly CompatStatement[]>>>>
}

export interface Compat {
  readonly schema: 'kwitness.bcd/1'
  readonly run: { readonly id: string; readonly startedAt: string; readonly complete: boolean }
  /** By case. */
  readonly fixes: Readonly<Record<string, CompatFix>>
}

/** Render a report as compatibility data, JSON. */
export function renderBcd(report: Report): string {
  return `${JSON.stringify(compatOf(report), null, 2)}\n`
}

/** The compatibility data of a report. */
export function compatOf(report: Report): Compat {
  const { id, startedAt, complete } = report.run
  const byCase = Map.groupBy(report.timelines, (timeline) => timeline.case)
  const state = lookupOf(report)
  const fixes = report.cases.map((theCase): [string, CompatFix] => {
    const bySeries = Map.groupBy(byCase.get(theCase.id) ?? [], ({ series }) => series)
    const support = [...bySeries].map(([series, own]): [string, CompatFix['support'][string]] => [
      series,
      Object.fromEntries(own.map((timeline) => [`${timeline.arch}/${timeline.flavour}`, statementsOf(timeline, state)])),
    ])
    return [theCase.id, { ...aboutOf(theCase), support: Object.fromEntries(support) }]
  })
  return { schema: 'kwitness.bcd/1', run: { id, startedAt, complete }, fixes: Object.fromEntries(fixes) }
}

function aboutOf({ title, subsystem, symptom, oracle, references, introduced, fixes }: ReportCase): Omit<CompatFix, 'support'> {
  return {
    title,
    subsystem,
    symptom,
    oracle,
    references,
    introduced,
    commits: fixes.flatMap(({ commit }) => commit ?? []),
    subjects: fixes.map(({ subject }) => subject),
    cve: fixes.flatMap(({ cve }) => cve),
  }
}

/** Look-ups of a report by kernel and case. */
interface Lookup {
  readonly version: (kernel: string) => string
  readonly build: (kernel: string) => string
  readonly evidence: (kernel: string, theCase: string) => CompatEvidence
  readonly boundary: (theCase: string, after: string) => Boundary | undefined
}

function lookupOf({ kernels, cells, boundaries }: Report): Lookup {
  const byId = new Map(kernels.map((kernel) => [kernel.id, kernel]))
  const byCell = new Map(cells.map((cell) => [`${cell.kernel}/${cell.case}`, cell]))
  const byAfter = new Map(boundaries.map((boundary) => [`${boundary.after}/${boundary.case}`, boundary]))
  return {
    version: (kernel) => byId.get(kernel)?.version ?? kernel,
    build: (kernel) => byId.get(kernel)?.build ?? kernel,
    evidence: (kernel, theCase) => {
      const cell = byCell.get(`${kernel}/${theCase}`)
      return { kernel, verdict: cell?.verdict ?? 'no-result', attempt: cell?.attempts.at(-1)?.id ?? null }
    },
    boundary: (theCase, after) => byAfter.get(`${after}/${theCase}`),
  }
}

/** A statement for each interval that carries, newest first; a single one if none does. */
function statementsOf(timeline: Timeline, state: Lookup): CompatStatement[] {
  const { intervals } = timeline
  const carrying = intervals.flatMap((interval, index) => (interval.verdict === 'carries' ? [index] : []))
  const indices = carrying.length > 0 ? carrying.toReversed() : [0]
  return indices.map((index) => statementOf(timeline, index, state))
}

function statementOf(timeline: Timeline, index: number, state: Lookup): CompatStatement {
  const { case: theCase, intervals, known } = timeline
  const here = intervals[index]
  const without = intervals[here?.verdict === 'carries' ? index - 1 : index]
  const withFix = here?.verdict === 'carries' ? here : undefined
  const next = withFix && intervals[index + 1]
  const value = (interval: TimelineInterval): string => valueOf(timeline, interval, state)
  // A fix that was lost and came again: the bug was introduced where it was lost.
  const introduced = without && intervals.indexOf(without) > 0 ? value(without) : firstApplicable(timeline, state)
  const ends = [without?.last, withFix?.first, withFix?.last, next?.first].filter((kernel) => kernel !== undefined)
  const withoutAnswer = timeline.earlier
    .filter(({ reason }) => reason !== 'not-on-mirror' && reason !== 'not-tested')
    .map(({ kernel }) => kernel)
  return {
    introduced,
    carried_since: withFix ? value(withFix) : without ? false : null,
    removed: next ? value(next) : null,
    last_without: without ? state.version(without.last) : null,
    last_with: withFix ? state.version(withFix.last) : null,
    tested: intervals.reduce((sum, { tested }) => sum + tested, 0),
    known,
    notes: notesOf(timeline, [withFix, next], state),
    evidence: [...new Set(ends.length > 0 ? ends : withoutAnswer)].map((kernel) => state.evidence(kernel, theCase)),
  }
}

/** The first version of an interval, with `≤` where it may begin earlier. */
function valueOf({ case: theCase, intervals }: Timeline, interval: TimelineInterval, state: Lookup): string {
  const exact = interval !== intervals[0] && state.boundary(theCase, interval.first)?.precision === 'adjacent'
  return exact ? state.version(interval.first) : `≤${state.version(interval.first)}`
}

/** The first kernel to which the case applies: exact if it does not apply to the kernel before. */
function firstApplicable({ intervals, earlier }: Timeline, state: Lookup): VersionBound {
  const before = earlier.filter(({ reason }) => reason !== 'not-on-mirror')
  const [first] = intervals
  if (!first) return before.length > 0 && before.every(({ reason }) => reason === 'not-applicable') ? false : null
  const version = state.version(first.first)
  return before.at(-1)?.reason === 'not-applicable' ? version : `≤${version}`
}

function betweenOf({ untested }: Boundary): string {
  if (untested === null) return 'the kernels between are not listed'
  return untested.length === 0 ? 'no other kernel' : reasonsOf(untested)
}

/** Notes on the precision of the values. */
function notesOf(timeline: Timeline, changes: readonly (TimelineInterval | undefined)[], state: Lookup): string[] {
  const { case: theCase, intervals, earlier } = timeline
  const boundaries = changes.flatMap((interval) => (interval && state.boundary(theCase, interval.first)) ?? [])
  const ofBuilds = boundaries.filter(({ before, after }) => state.version(before) === state.version(after))
  const missProbability = boundaries.find((one) => one.missProbability !== null)?.missProbability ?? null
  const withoutAnswer = intervals.length > 0 ? [] : earlier.filter(({ reason }) => reason !== 'not-on-mirror')
  return [
    ...boundaries.map(
      (boundary) => `between ${state.build(boundary.before)} and ${state.build(boundary.after)}: ${betweenOf(boundary)}`,
    ),
    ...ofBuilds.map(({ after }) => `a build of the same release: from ${state.build(after)} on`),
    ...(missProbability === null ? [] : [`miss probability ${chanceOf(missProbability)}`]),
    ...(withoutAnswer.length > 0 ? [reasonsOf(withoutAnswer)] : []),
  ]
}
