/** The report on a terminal: contradictions of the claim sources first, then the matrix, then the boundaries. */
import { CONTRADICTIONS, headlinesOf } from '#analysis/matrix/headline.ts'
import { VERDICTS } from '#analysis/matrix/matrix.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, BoundaryEntries, Report, ReportCell } from '#domain/report/matrix.ts'
import { changeOf, type Steady, steadyOf, precisionOf } from '../text/boundary.ts'
import { raceParts } from '../text/race.ts'
import { hostSections } from './hosts.ts'
import { MAX_LINES, renderGrid } from './grid.ts'
import { type TerminalStyle, type TerminalOptions, terminalStyle } from './style.ts'
import { CASE_CONTRADICTED, FINDING_LABELS, NO_ANSWERS, VERDICT_LABELS } from '../text/labels.ts'
import { commonTraits, kernelLabels, knownOf, calmLine, oneLine, rangeOf, sizeOf, wordAbout } from '../text/format.ts'

/** Longer lists end with a line that counts the rest. */
const MAX_LIST = 20

/** Render a report for a terminal. */
export function renderTerminal(report: Report, options: TerminalOptions): string {
  const style = terminalStyle(options)
  const labels = kernelLabels(report.kernels)
  const title = `kwitness ${oneLine(report.run.id)}: ${sizeOf(report).replaceAll('×', style.times)}`
  const { accelerator } = report.run.host
  const traits = [commonTraits(report), accelerator === 'none' ? 'no guest' : accelerator].filter(Boolean).join(', ')
  const sections = [
    [style.paint('bold', title), style.paint('faint', traits)],
    ...hostSections(report, style),
    ...headlineSections(report, labels, style),
    renderGrid(report, labels, style),
    boundaryLines(report, labels, style),
    steadyLines(report, style),
    raceSection(report, labels, style),
    controlLines(report, labels, style),
    [countLine(report, style)],
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** One section per kind of headline with cells, and one sentence if no verdict contradicts the claim sources. */
function headlineSections(report: Report, labels: ReadonlyMap<string, string>, style: TerminalStyle): string[][] {
  const contradictions = CONTRADICTIONS.flatMap((finding) =>
    section(`${FINDING_LABELS[finding].title}: ${FINDING_LABELS[finding].meaning}`, (cell) => cell.finding === finding, claimOf),
  )
  const noAnswers = NO_ANSWERS.flatMap((verdict) =>
    section(`${capital(VERDICT_LABELS[verdict].word)}: ${VERDICT_LABELS[verdict].meaning}`, (cell) => cell.verdict === verdict),
  )
  return [
    ...(contradictions.length ? contradictions : [[calmLine(report)]]),
    ...[caseContradictionLines(report, style)].filter((lines) => lines.length > 0),
    ...noAnswers,
  ]

  function section(
    title: string,
    picks: (cell: ReportCell) => boolean,
    below: (cell: ReportCell) => string = () => '',
  ): string[][] {
    const headlines = headlinesOf(report, picks)
    if (headlines.length === 0) return []
    const lines = headlines.map(({ case: name, series, cells }) => {
      const range = rangeOf(
        cells.map((cell) => labels.get(cell.kernel) ?? cell.kernel),
        style.dots,
      )
      return `  ${name} on ${series}: ${range}${cells[0] ? below(cells[0]) : ''}`
    })
    return [[style.paint('alarm', title), ...shortened(lines, style)]]
  }
}

/** What case.json says and a claim source contradicts: two lines each, below a title; none where nothing does. */
export function caseContradictionLines(
  { caseContradictions }: Pick<Report, 'caseContradictions'>,
  style: TerminalStyle,
): string[] {
  if (caseContradictions.length === 0) return []
  const { title, meaning } = CASE_CONTRADICTED
  const lines = caseContradictions.map(
    ({ case: name, series, summary, source }) => `  ${name} on ${series}: ${oneLine(summary)}\n    ${oneLine(source)}`,
  )
  return [style.paint('alarm', `${title}: ${meaning}`), ...shortened(lines, style)]
}

/** The claim about a cell, on a line of its own. */
function claimOf({ claimSource }: ReportCell): string {
  return `\n    ${oneLine(claimSource)}`
}

/** Entries shown below one boundary; the page has more. */
const MAX_ENTRIES = 3

/** The changelog entries between the two kernels of a boundary, the fix itself first. */
function entryLines(entries: BoundaryEntries | null, style: TerminalStyle): string {
  if (entries === null) return ''
  const shown = entries.listed.slice(0, MAX_ENTRIES)
  const left = entries.listed.length - shown.length + entries.more
  const lines = shown.map(({ build, subject, about }) => `linux (${build}): ${oneLine(subject)}${wordAbout(about)}`)
  if (lines.length === 0) lines.push('no changelog entry between them shares its names')
  if (left > 0) lines.push(`${style.dots} and ${left} more that share its names`)
  return lines.map((line) => `\n    ${style.paint('faint', line)}`).join('')
}

/** The boundaries: the two kernels, the precision, and the commands that lead to the commit. */
function boundaryLines(report: Report, labels: ReadonlyMap<string, string>, style: TerminalStyle): string[] {
  if (report.boundaries.length === 0) return []
  const lines = report.boundaries.map((boundary) => boundaryText(boundary, labels, style))
  return [style.paint('bold', 'Where the answer changes'), ...shortened(lines, style)]
}

/** One boundary, on a few lines. */
function boundaryText(boundary: Boundary, labels: ReadonlyMap<string, string>, style: TerminalStyle): string {
  const side = (kernel: string, verdict: Verdict) =>
    `${labels.get(kernel) ?? kernel} ${style.paint(verdict, `${style.sign(verdict)} ${verdict}`)}`
  const sides = `${side(boundary.before, boundary.from)} ${style.arrow} ${side(boundary.after, boundary.to)}`
  const below = [...wrapped(precisionOf(boundary, style.dots), style.width - 4), ...(boundary.bisect ?? [])]
  const lines = [
    `  ${boundary.case} on ${boundary.series}, ${changeOf(boundary)}: ${sides}`,
    ...below.map((line) => `    ${line}`),
  ]
  return lines.join('\n') + entryLines(boundary.entries, style)
}

/** Where the answer never changes, by case and range; empty if the matrix has a line for each kernel and shows it itself. */
function steadyLines(report: Report, style: TerminalStyle): string[] {
  if (report.kernels.length <= MAX_LINES) return []
  const steady = steadyOf(report, style.dots)
  const lines = steady.map(({ case: name, parts }) =>
    [`  ${name}`, ...parts.flatMap((part) => rangeLines(part, style))].join('\n'),
  )
  return lines.length > 0 ? [style.paint('bold', 'Where it never changes'), ...shortened(lines, style)] : []
}

/** The ranges of kernels with one answer, in as many lines as needed. */
function rangeLines({ verdict, ranges }: Steady['parts'][number], style: TerminalStyle): string[] {
  const indent = ' '.repeat(14)
  const ended = ranges.map((range, index) => (index < ranges.length - 1 ? `${range},` : range))
  const [first = '', ...more] = wrapped(ended, style.width - indent.length, ' ')
  const word = style.paint(verdict, `${style.sign(verdict)} ${verdict}`)
  return [`    ${word}${' '.repeat(8 - verdict.length)}${first}`, ...more.map((line) => `${indent}${line}`)]
}

/** Each race: its verdict, and below it its numbers. */
function raceSection(report: Report, labels: ReadonlyMap<string, string>, style: TerminalStyle): string[] {
  const label = (kernel: string) => labels.get(kernel) ?? kernel
  const lines = report.cells.flatMap((cell) => {
    if (cell.race === null) return []
    const verdict = style.paint(cell.verdict, `${style.sign(cell.verdict)} ${VERDICT_LABELS[cell.verdict].word}`)
    const below = wrapped(raceParts(cell.race, label), style.width - 4).map((line) => `\n    ${line}`)
    return [`  ${cell.case} on ${label(cell.kernel)}: ${verdict}${below.join('')}`]
  })
  return lines.length > 0 ? [style.paint('bold', 'How sure the races are'), ...shortened(lines, style)] : []
}

/** The control kernels with their known answers. */
function controlLines({ controls }: Report, labels: ReadonlyMap<string, string>, style: TerminalStyle): string[] {
  if (controls.length === 0) return []
  const lines = controls.map((control) => `  ${labels.get(control.kernel) ?? control.kernel}: ${oneLine(knownOf(control))}`)
  return [style.paint('bold', 'Control kernels, whose answer is known'), ...shortened(lines, style)]
}

/** Counts of every verdict that occurs; this is also the legend of the signs. */
function countLine(report: Report, style: TerminalStyle): string {
  return VERDICTS.filter((verdict) => report.counts[verdict] > 0)
    .map((verdict) => style.paint(verdict, `${style.sign(verdict)} ${VERDICT_LABELS[verdict].word} ${report.counts[verdict]}`))
    .join('   ')
}

/** Parts joined into lines of at most a width. */
function wrapped(parts: readonly string[], width: number, mark = '; '): string[] {
  return parts.reduce<string[]>((lines, part) => {
    const joined = `${lines.at(-1)}${mark}${part}`
    return lines.length > 0 && joined.length <= width ? [...lines.slice(0, -1), joined] : [...lines, part]
  }, [])
}

function shortened(lines: readonly string[], style: TerminalStyle): readonly string[] {
  if (lines.length <= MAX_LIST) return lines
  return [...lines.slice(0, MAX_LIST), `  ${style.dots} and ${lines.length - MAX_LIST} more`]
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
