/** The content of the page before any script runs, as plain data for the template. */
import { CONTRADICTIONS, type Headline, headlinesOf, silentHosts } from '#analysis/matrix/headline.ts'
import { type SeriesRows, VERDICTS, matrixOf } from '#analysis/matrix/matrix.ts'
import type { Control } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, Report, ReportCase, ReportCell } from '#domain/report/matrix.ts'
import { changeOf, type Steady, steadyOf, precisionOf } from '../text/boundary.ts'
import { raceHint, raceParts, restsOnMissProbability } from '../text/race.ts'
import { calmLine, commonTraits, kernelLabels, knownOf, momentOf, oneLine, rangeOf, sizeOf, wordAbout } from '../text/format.ts'
import { CASE_CONTRADICTED, FINDING_LABELS, NO_ANSWERS, VERDICT_LABELS } from '../text/labels.ts'

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

/** The page of a report. */
export function pageOf(report: Report) {
  const labels = kernelLabels(report.kernels)
  const label = (kernel: string) => labels.get(kernel) ?? kernel
  const { series, cases, cellAt } = matrixOf(report)
  const wordy = cases.length <= MAX_WORD_COLUMNS
  const controls = new Map(report.controls.map((control) => [control.kernel, control]))
  const boundaries = new Map(report.boundaries.map((boundary) => [`${boundary.after}/${boundary.case}`, boundary]))
  return {
    run: report.run,
    size: sizeOf(report),
    started: momentOf(report.run.startedAt),
    calm: calmLine(report),
    contradicted: report.cells.some((cell) => CONTRADICTIONS.some((finding) => finding === cell.finding)),
    traits: commonTraits(report),
    wordy,
    statistical: report.cells.some(restsOnMissProbability),
    hinted: report.cells.some((cell) => raceHint(cell) !== ''),
    large: report.kernels.length > MANY_KERNELS,
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
    caseData: { ...CASE_CONTRADICTED, contradictions: report.caseContradictions },
    boundaries: report.boundaries.map((boundary) => boundaryRow(boundary, label)),
    steady: steadyOf(report).map(steadyRow),
    cases: cases.map(caseHeading),
    parts: series.flatMap(partsOf).map(({ name, kernels, more }) => ({
      name,
      more,
      // Powers of two, so that a few style rules give the browser the height of an unseen part.
      size: 2 ** Math.ceil(Math.log2(kernels.length)),
      rows: kernels.map(({ id }) => ({
        id,
        label: label(id),
        known: knownBadge(controls.get(id)),
        cells: cases.map((theCase) => cellOf(cellAt(id, theCase.id), boundaries.get(`${id}/${theCase.id}`), wordy, label)),
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

/** A column: `pieces` may break between lines, `words` are the texts for the filter. */
function caseHeading({ id, title, subsystem, fixes }: ReportCase) {
  const known = fixes.flatMap((fix) => [fix.commit === 'unknown' ? '' : (fix.commit ?? ''), fix.subject, ...fix.cve])
  return { id, title, pieces: id.match(/[^-]*-|[^-]+$/g) ?? [id], words: [title, subsystem, ...known].filter(Boolean).join(' ') }
}

/** A cell of the table; the page's filter works on its class names. */
function cellOf(cell: ReportCell | undefined, boundary: Boundary | undefined, wordy: boolean, label: (kernel: string) => string) {
  if (!cell) return { classes: 'unplanned', word: '', title: '', hint: '', notes: [] }
  const contradicts = CONTRADICTIONS.find((finding) => finding === cell.finding)
  return {
    classes: [
      cell.verdict,
      `c-${cell.claim}`,
      `f-${cell.finding}`,
      boundary ? 'boundary' : '',
      restsOnMissProbability(cell) ? 'statistical' : '',
    ]
      .filter(Boolean)
      .join(' '),
    word: wordy ? VERDICT_LABELS[cell.verdict].short : VERDICT_LABELS[cell.verdict].glyph,
    title: cell.race ? raceParts(cell.race, label).join('; ') : '',
    hint: raceHint(cell),
    notes: [
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

function boundaryRow(boundary: Boundary, label: (kernel: string) => string) {
  const side = (kernel: string, verdict: Verdict) => ({
    verdict,
    word: VERDICT_LABELS[verdict].word,
    text: label(kernel),
    href: cellLink(kernel, boundary.case),
  })
  const { entries } = boundary
  const shown =
    entries?.listed.map(({ build, subject, cve, about }) => ({
      build,
      subject,
      note: [wordAbout(about).trim(), ...cve].filter(Boolean).join(' '),
      strong: about !== 'names',
    })) ?? []
  return {
    case: boundary.case,
    series: boundary.series,
    before: side(boundary.before, boundary.from),
    after: side(boundary.after, boundary.to),
    change: changeOf(boundary),
    precision: precisionOf(boundary).join('; '),
    bisect: boundary.bisect?.join('\n') ?? '',
    changelog: entries && {
      source: entries.source,
      shown,
      more: entries.more,
      words: entriesWords(shown.length + entries.more),
      found: shown.some(({ strong }) => strong),
    },
  }
}

/** The title of a list of changelog entries; empty for an empty list. */
function entriesWords(count: number): string {
  if (count === 0) return ''
  if (count === 1) return '1 changelog entry between them shares its names'
  return `${count} changelog entries between them share its names`
}

/** A case in the series where its answer never changes. */
function steadyRow({ case: name, parts }: Steady) {
  const words = parts.map(({ verdict, ranges }) => ({ verdict, word: VERDICT_LABELS[verdict].word, ranges: ranges.join(', ') }))
  return { case: name, parts: words }
}

/** The link to a cell; reports/templates/page.js parses it. */
function cellLink(kernel: string, theCase: string): string {
  return `#cell=${encodeURIComponent(kernel)}/${encodeURIComponent(theCase)}`
}

function filterLink(query: string): string {
  return `#q=${encodeURIComponent(query)}`
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
