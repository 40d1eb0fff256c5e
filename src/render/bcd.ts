/**
 * Compatibility data in the spirit of browser-compat-data: for each fix and series since when kernels carry it, made from what
 * guests showed. `≤6.1.172` is said where a neighbour was not tested: there or earlier.
 */
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, History, Report, ReportCase, Stretch } from '#domain/report/matrix.ts'
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

export interface CompatFix extends Pick<ReportCase, 'title' | 'subsystem' | 'symptom' | 'witness' | 'references'> {
  readonly commits: readonly string[]
  readonly subjects: readonly string[]
  readonly cve: readonly string[]
  /** The release that brought the bug or the feature, as the paperwork has it. */
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
  const byCase = Map.groupBy(report.histories, (history) => history.case)
  const state = lookupOf(report)
  const fixes = report.cases.map((theCase): [string, CompatFix] => {
    const bySeries = Map.groupBy(byCase.get(theCase.id) ?? [], ({ series }) => series)
    const support = [...bySeries].map(([series, own]): [string, CompatFix['support'][string]] => [
      series,
      Object.fromEntries(own.map((history) => [`${history.arch}/${history.flavour}`, statementsOf(history, state)])),
    ])
    return [theCase.id, { ...aboutOf(theCase), support: Object.fromEntries(support) }]
  })
  return { schema: 'kwitness.bcd/1', run: { id, startedAt, complete }, fixes: Object.fromEntries(fixes) }
}

function aboutOf({ title, subsystem, symptom, witness, references, introduced, fixes }: ReportCase): Omit<CompatFix, 'support'> {
  return {
    title,
    subsystem,
    symptom,
    witness,
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
  readonly flip: (theCase: string, after: string) => Boundary | undefined
}

function lookupOf({ kernels, cells, boundaries }: Report): Lookup {
  const byId = new Map(kernels.map((kernel) => [kernel.id, kernel]))
  const byCell = new Map(cells.map((cell) => [`${cell.kernel}/${cell.case}`, cell]))
  const flips = new Map(boundaries.map((flip) => [`${flip.after}/${flip.case}`, flip]))
  return {
    version: (kernel) => byId.get(kernel)?.version ?? kernel,
    build: (kernel) => byId.get(kernel)?.build ?? kernel,
    evidence: (kernel, theCase) => {
      const cell = byCell.get(`${kernel}/${theCase}`)
      return { kernel, verdict: cell?.verdict ?? 'missing', attempt: cell?.attempts.at(-1)?.id ?? null }
    },
    flip: (theCase, after) => flips.get(`${after}/${theCase}`),
  }
}

/** A statement for each stretch that carries, newest first; one that says what is known where none does. */
function statementsOf(history: History, state: Lookup): CompatStatement[] {
  const { stretches } = history
  const carrying = stretches.flatMap((stretch, index) => (stretch.verdict === 'carries' ? [index] : []))
  const indices = carrying.length > 0 ? carrying.toReversed() : [0]
  return indices.map((index) => statementOf(history, index, state))
}

function statementOf(history: History, index: number, state: Lookup): CompatStatement {
  const { case: theCase, stretches, known } = history
  const here = stretches[index]
  const without = stretches[here?.verdict === 'carries' ? index - 1 : index]
  const withFix = here?.verdict === 'carries' ? here : undefined
  const next = withFix && stretches[index + 1]
  const value = (stretch: Stretch): string => valueOf(history, stretch, state)
  // What was lost and came again was introduced where it was lost.
  const introduced = without && stretches.indexOf(without) > 0 ? value(without) : firstAskable(history, state)
  const ends = [without?.last, withFix?.first, withFix?.last, next?.first].filter((kernel) => kernel !== undefined)
  const inVain = history.earlier.filter(({ why }) => why !== 'gone' && why !== 'not asked').map(({ kernel }) => kernel)
  return {
    introduced,
    carried_since: withFix ? value(withFix) : without ? false : null,
    removed: next ? value(next) : null,
    last_without: without ? state.version(without.last) : null,
    last_with: withFix ? state.version(withFix.last) : null,
    tested: stretches.reduce((sum, { tested }) => sum + tested, 0),
    known,
    notes: notesOf(history, [withFix, next], state),
    evidence: [...new Set(ends.length > 0 ? ends : inVain)].map((kernel) => state.evidence(kernel, theCase)),
  }
}

/** The version a stretch begins with; ranged where it may begin earlier. */
function valueOf({ case: theCase, stretches }: History, stretch: Stretch, state: Lookup): string {
  const exact = stretch !== stretches[0] && state.flip(theCase, stretch.first)?.confidence === 'exact'
  return exact ? state.version(stretch.first) : `≤${state.version(stretch.first)}`
}

/** The first kernel of which the question can be asked: exact where its neighbour said that it cannot. */
function firstAskable({ stretches, earlier }: History, state: Lookup): Ranged {
  const before = earlier.filter(({ why }) => why !== 'gone')
  const [first] = stretches
  if (!first) return before.length > 0 && before.every(({ why }) => why === 'not-applicable') ? false : null
  const version = state.version(first.first)
  return before.at(-1)?.why === 'not-applicable' ? version : `≤${version}`
}

function betweenOf({ untested }: Boundary): string {
  if (untested === null) return 'what lies there is not listed'
  return untested.length === 0 ? 'no other kernel' : reasonsOf(untested)
}

/** What a value alone does not say. */
function notesOf(history: History, begun: readonly (Stretch | undefined)[], state: Lookup): string[] {
  const { case: theCase, stretches, earlier } = history
  const flips = begun.flatMap((stretch) => (stretch && state.flip(theCase, stretch.first)) ?? [])
  const ofBuilds = flips.filter(({ before, after }) => state.version(before) === state.version(after))
  const odds = flips.find(({ missChance }) => missChance !== null)?.missChance
  const askedInVain = stretches.length > 0 ? [] : earlier.filter(({ why }) => why !== 'gone')
  return [
    ...flips.map((flip) => `between ${state.build(flip.before)} and ${state.build(flip.after)}: ${betweenOf(flip)}`),
    ...ofBuilds.map(({ after }) => `a build of the same release: from ${state.build(after)} on`),
    ...(odds === undefined || odds === null ? [] : [`carried by odds: chance of a miss ${chanceOf(odds)}`]),
    ...(askedInVain.length > 0 ? [reasonsOf(askedInVain)] : []),
  ]
}
