/** The content of the page before any script runs, as plain data for the template. */
import { CONTRADICTIONS, type Headline, headlinesOf, silentHosts } from '#analysis/matrix/headline.ts'
import { neighboursOf } from '#analysis/matrix/neighbours.ts'
import { type SeriesRows, VERDICTS, matrixOf } from '#analysis/matrix/matrix.ts'
import type { Control } from '#domain/control.ts'
import type { DiffEntry, RunDiff } from '#domain/report/diff.ts'
import type { Boundary, Report, ReportCase, ReportCell, ReportKernel } from '#domain/report/matrix.ts'
import { CHANGE_LABELS } from '../text/changes.ts'
import { raceHint, raceParts, restsOnMissProbability } from '../text/race.ts'
import { calmLine, commonTraits, kernelLabels, knownOf, momentOf, oneLine, rangeOf, sizeOf } from '../text/format.ts'
import { CASE_CONTRADICTED, FINDING_LABELS, NO_ANSWERS, VERDICT_LABELS } from '../text/labels.ts'
import { changedCells, changesOf, signOf } from './changes.ts'
import { fixesOf } from './fixes.ts'
import { cellLink, filterLink } from './links.ts'

/** A kernel linked to one of its cells. */
interface Link {
  readonly text: string
  readonly href: string
}

interface NewsItem {
  readonly case: string
  readonly series: string
  /** Each kernel while they are few, else their range. */
  readonly links: readonly Link[]
  readonly range: Link | null
  /** The claim and its source; null for news without a claim. */
  readonly claimed: string | null
}

interface News {
  readonly kind: string
  readonly title: string
  readonly meaning: string
  readonly count: number
  readonly items: readonly NewsItem[]
}

/** More kernels than this in one line of the news are shown as a range. */
const NAMED_ONE_BY_ONE = 4
/** With more cases than this, columns show signs alone, because words would make the matrix wider than the screen. */
const MAX_WORD_COLUMNS = 12
/** Rows of one table. */
const MAX_ROWS = 16
/** With more kernels than this, the browser renders only what is on the screen. */
const MANY_KERNELS = 60
/** Tables that fill a screen: of many kernels, those behind them are text until the page's script needs them. */
const FIRST_PARTS = 2

/** Whether cells show words beside their signs. */
export const isWordy = ({ cases }: Pick<Report, 'cases'>): boolean => cases.length <= MAX_WORD_COLUMNS

/** What a page shows beside its report. */
export interface PageOptions {
  /** What changed since another run: the page then marks it and can show it alone. */
  readonly diff?: RunDiff | undefined
  /** Where a page that is served hears of new results; null or absent for a file. */
  readonly events?: string | undefined
}

/** The page of a report. */
export function pageOf(report: Report, { diff, events }: PageOptions = {}) {
  const labels = kernelLabels(report.kernels)
  const label = (kernel: string) => labels.get(kernel) ?? kernel
  const { series, cases, cellAt } = matrixOf(report)
  const wordy = isWordy(report)
  const controls = new Map(report.controls.map((control) => [control.kernel, control]))
  const changed = changedCells(diff)
  const large = report.kernels.length > MANY_KERNELS
  const severalBranches = new Set(report.kernels.map(branchOf)).size > 1
  const boundaries = new Map(report.boundaries.map((boundary) => [`${boundary.after}/${boundary.case}`, boundary]))
  return {
    run: report.run,
    events: events ?? '',
    size: sizeOf(report),
    started: momentOf(report.run.startedAt),
    calm: calmLine(report),
    contradicted: report.cells.some((cell) => CONTRADICTIONS.some((finding) => finding === cell.finding)),
    traits: commonTraits(report),
    wordy,
    statistical: report.cells.some(restsOnMissProbability),
    hinted: report.cells.some((cell) => raceHint(cell) !== ''),
    large,
    counts: VERDICTS.map((verdict) => ({
      verdict,
      ...VERDICT_LABELS[verdict],
      count: report.counts[verdict],
      href: filterLink(`verdict:${verdict}`),
    })),
    contradictions: CONTRADICTIONS.map((finding) => ({
      finding,
      ...FINDING_LABELS[finding],
      href: filterLink(`finding:${finding}`),
    })),
    news: newsOf(report, label),
    silent: silentHosts(report).map(({ host, outcome, message }) => ({
      host: oneLine(host),
      outcome,
      message: message === null ? null : oneLine(message),
    })),
    neighbours: neighboursOf(report).map(({ host, version, nearest, isSame, rows }) => ({
      host: oneLine(host),
      version,
      nearest,
      isSame,
      differing: rows.filter(({ differs }) => differs).length,
      rows: rows.map((row) => ({ ...row, here: VERDICT_LABELS[row.here].word, there: VERDICT_LABELS[row.there].word })),
    })),
    caseData: { ...CASE_CONTRADICTED, contradictions: report.caseContradictions },
    changes: changesOf(diff, label),
    alarms: alarmsOf(report),
    fixes: fixesOf(report, label),
    cases: cases.map(caseHeading),
    parts: series.flatMap(partsOf).map(({ name, kernels, more }, index) => ({
      name,
      more,
      later: large && index >= FIRST_PARTS,
      // Powers of two, so that a few style rules give the browser the height of an unseen part.
      size: 2 ** Math.ceil(Math.log2(kernels.length)),
      rows: kernels.map((kernel) => ({
        id: kernel.id,
        version: kernel.version,
        branch: severalBranches ? branchOf(kernel) : '',
        label: label(kernel.id),
        known: knownBadge(controls.get(kernel.id)),
        cells: cases.map((theCase) => {
          const result = `${kernel.id}/${theCase.id}`
          return cellOf(cellAt(kernel.id, theCase.id), {
            boundary: boundaries.get(result),
            change: changed.get(result),
            wordy,
            label,
          })
        }),
      })),
    })),
  }
}

/** A series in parts small enough that the browser lays out little more than the visible rows; `more` marks all but the last. */
function partsOf({ name, kernels }: SeriesRows) {
  const starts = kernels.flatMap((_, index) => (index % MAX_ROWS === 0 ? [index] : []))
  return starts.map((start) => ({
    name,
    kernels: kernels.slice(start, start + MAX_ROWS),
    more: start + MAX_ROWS < kernels.length,
  }))
}

/** The badge of a control kernel, so that readers do not take it for a shipped one. */
function knownBadge(control: Control | undefined) {
  return control ? { word: `known ${control.kind}`, kind: control.kind, meaning: knownOf(control) } : null
}

/** Kernels that follow one another, inside a series. */
function branchOf({ flavour, arch }: ReportKernel): string {
  return `${flavour} ${arch}`
}

/** `2 listed as fixed, still affected`: what must not be missed above the matrix, each with the filter that shows it. */
function alarmsOf({ cells, caseContradictions }: Report) {
  const found = CONTRADICTIONS.map((finding) => ({
    kind: `finding ${finding}`,
    count: cells.filter((cell) => cell.finding === finding).length,
    text: FINDING_LABELS[finding].title.toLowerCase(),
    href: filterLink(`finding:${finding}`),
  }))
  const open = NO_ANSWERS.map((verdict) => ({
    kind: verdict,
    count: cells.filter((cell) => cell.verdict === verdict).length,
    text: VERDICT_LABELS[verdict].word,
    href: filterLink(`verdict:${verdict}`),
  }))
  const data = { kind: 'data', count: caseContradictions.length, text: CASE_CONTRADICTED.title.toLowerCase(), href: '#findings' }
  return [...found, ...open, data].filter(({ count }) => count > 0)
}

/** A column: `pieces` may break between lines, `short` is the title without its area, `words` are the texts for the filter. */
function caseHeading({ id, title, subsystem, fixes }: ReportCase) {
  const known = fixes.flatMap((fix) => [fix.commit === 'unknown' ? '' : (fix.commit ?? ''), fix.subject, ...fix.cve])
  return {
    id,
    title,
    short: title.replace(/^[\w/]{2,14}: /, ''),
    pieces: id.match(/[^-]*-|[^-]+$/g) ?? [id],
    words: [title, subsystem, ...known].filter(Boolean).join(' '),
  }
}

/** What a cell of the table shows beside its result. */
interface CellContext {
  readonly boundary: Boundary | undefined
  readonly change: DiffEntry | undefined
  readonly wordy: boolean
  readonly label: (kernel: string) => string
}

/** A cell of the table; the page's filter works on its class names. */
export function cellOf(cell: ReportCell | undefined, { boundary, change, wordy, label }: CellContext) {
  if (!cell) return { classes: 'unplanned', word: '', title: '', hint: '', notes: [] }
  const contradicts = CONTRADICTIONS.find((finding) => finding === cell.finding)
  const { glyph, short } = VERDICT_LABELS[cell.verdict]
  return {
    classes: [
      cell.verdict,
      `c-${cell.claim}`,
      `f-${cell.finding}`,
      boundary ? 'boundary' : '',
      restsOnMissProbability(cell) ? 'statistical' : '',
      change ? `d-${change.change}` : '',
    ]
      .filter(Boolean)
      .join(' '),
    word: wordy ? short : ((change && signOf(change)) ?? glyph),
    title: cell.race ? raceParts(cell.race, label).join('; ') : '',
    hint: raceHint(cell),
    notes: [
      ...(change ? [`${CHANGE_LABELS[change.change].title.toLowerCase()}: ${change.before?.verdict ?? 'not asked'} before`] : []),
      ...(contradicts ? [FINDING_LABELS[contradicts].title.toLowerCase()] : []),
      ...(boundary ? [`${VERDICT_LABELS[boundary.from].word} up to ${label(boundary.before)}`] : []),
    ],
  }
}

/** The news: contradictions with the claim sources, then cells without an answer. */
function newsOf(report: Report, label: (kernel: string) => string): News[] {
  const contradictions = CONTRADICTIONS.map((finding) =>
    news(finding, FINDING_LABELS[finding], (cell) => cell.finding === finding, true),
  )
  const noAnswers = NO_ANSWERS.map((verdict) =>
    news(
      verdict,
      { title: capital(VERDICT_LABELS[verdict].word), meaning: VERDICT_LABELS[verdict].meaning },
      (cell) => cell.verdict === verdict,
    ),
  )
  return [...contradictions, ...noAnswers].filter(({ count }) => count > 0)

  function news(
    kind: string,
    words: Pick<News, 'title' | 'meaning'>,
    picks: (cell: ReportCell) => boolean,
    claims = false,
  ): News {
    const headlines = headlinesOf(report, picks)
    const count = headlines.reduce((sum, { cells }) => sum + cells.length, 0)
    return { kind, ...words, count, items: headlines.map((headline) => newsItem(headline, label, claims)) }
  }
}

function newsItem({ case: name, series, cells }: Headline, label: (kernel: string) => string, claims: boolean): NewsItem {
  const claimed = claims ? (cells[0]?.claimSource ?? null) : null
  if (cells.length <= NAMED_ONE_BY_ONE) {
    const links = cells.map((cell) => ({ text: label(cell.kernel), href: cellLink(cell.kernel, name) }))
    return { case: name, series, links, range: null, claimed }
  }
  const range = { text: rangeOf(cells.map((cell) => label(cell.kernel))), href: filterLink(`case:${name} series:${series}`) }
  return { case: name, series, links: [], range, claimed }
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
