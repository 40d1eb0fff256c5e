/**
 * Compatibility data in the spirit of browser-compat-data: for each fix and series since when kernels carry it, made from what
 * guests showed. `≤6.1.172` is said where a neighbour was not tested: there or earlier.
 */
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, Timeline, Report, ReportCase, TimelineInterval } from '#domain/report/matrix.ts'
import { chanceOf } from './text/numbers.ts'
import { reasonsOf } from './text/boundary.ts'

/** `6.1.172`, `≤6.1.172`; false for never; null for what was not found out. */
type Ranged = string | false | null

/** The cell in the report's run that a value rests on. */
interface CompatEvidence {
  readonly kernel: string
  readonly verdict: Verdict
  /** Evidence folder of the attempt that decided, null where none was made. */
  readonly attempt: string | null
}

/** One row of kernels that carry the fix, or what is known where none does. */
export interface CompatStatement {
  /** Since when the bug, or the feature the case is about, is there; false where every kernel asked says it is not. */
  readonly introduced: Ranged
  /** Since when the fix is carried; false where the bug was seen and never a kernel without it. */
  readonly carried_since: Ranged
  /** Since when it no longer is. */
  readonly removed: string | null
  /** Version of the last kernel in which the bug was seen before, and of the last one that carries. */
  readonly last_without: string | null
  readonly last_with: string | null
  /** Kernels that answered, of those that could be had in this series and flavour; null where nothing lists them. */
  readonly tested: number
  readonly known: number | null
  readonly notes: readonly string[]
  readonly evidence: readonly CompatEvidence[]
}

export interface CompatFix extends Pick<ReportCase, 'title' | 'subsystem' | 'symptom' | 'oracle' | 'references'> {
  readonly commits: readonly string[]
  readonly subjects: readonly string[]
  readonly cve: readonly string[]
  /** The release that brought the bug or the feature, by the claim sources. */
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

/** What a report says of a kernel and a case. */
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

/** A statement for each stretch that carries, newest first; one that says what is known where none does. */
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
  // What was lost and came again was introduced where it was lost.
  const introduced = without && intervals.indexOf(without) > 0 ? value(without) : firstAskable(timeline, state)
  const ends = [without?.last, withFix?.first, withFix?.last, next?.first].filter((kernel) => kernel !== undefined)
  const inVain = timeline.earlier
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
    evidence: [...new Set(ends.length > 0 ? ends : inVain)].map((kernel) => state.evidence(kernel, theCase)),
  }
}

/** The version a stretch begins with; ranged where it may begin earlier. */
function valueOf({ case: theCase, intervals }: Timeline, interval: TimelineInterval, state: Lookup): string {
  const exact = interval !== intervals[0] && state.boundary(theCase, interval.first)?.precision === 'adjacent'
  return exact ? state.version(interval.first) : `≤${state.version(interval.first)}`
}

/** The first kernel of which the question can be asked: exact where its neighbour said that it cannot. */
function firstAskable({ intervals, earlier }: Timeline, state: Lookup): Ranged {
  const before = earlier.filter(({ reason }) => reason !== 'not-on-mirror')
  const [first] = intervals
  if (!first) return before.length > 0 && before.every(({ reason }) => reason === 'not-applicable') ? false : null
  const version = state.version(first.first)
  return before.at(-1)?.reason === 'not-applicable' ? version : `≤${version}`
}

function betweenOf({ untested }: Boundary): string {
  if (untested === null) return 'what lies there is not listed'
  return untested.length === 0 ? 'no other kernel' : reasonsOf(untested)
}

/** What a value alone does not say. */
function notesOf(timeline: Timeline, begun: readonly (TimelineInterval | undefined)[], state: Lookup): string[] {
  const { case: theCase, intervals, earlier } = timeline
  const boundaries = begun.flatMap((interval) => (interval && state.boundary(theCase, interval.first)) ?? [])
  const ofBuilds = boundaries.filter(({ before, after }) => state.version(before) === state.version(after))
  const missProbability = boundaries.find((one) => one.missProbability !== null)?.missProbability ?? null
  const askedInVain = intervals.length > 0 ? [] : earlier.filter(({ reason }) => reason !== 'not-on-mirror')
  return [
    ...boundaries.map(
      (boundary) => `between ${state.build(boundary.before)} and ${state.build(boundary.after)}: ${betweenOf(boundary)}`,
    ),
    ...ofBuilds.map(({ after }) => `a build of the same release: from ${state.build(after)} on`),
    ...(missProbability === null ? [] : [`miss probability ${chanceOf(missProbability)}`]),
    ...(askedInVain.length > 0 ? [reasonsOf(askedInVain)] : []),
  ]
}
