/** The report on a terminal: what contradicts the paperwork first, then the matrix, then where the answer changes. */
import { CONTRADICTIONS, headlinesOf } from '#analysis/matrix/headline.ts'
import { VERDICTS } from '#analysis/matrix/matrix.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, BoundaryEntries, Report, ReportCell } from '#domain/report/matrix.ts'
import { changeOf, type Steady, steadyOf, sureOf } from '../text/boundary.ts'
import { raceParts } from '../text/race.ts'
import { MAX_LINES, renderGrid } from './grid.ts'
import { type Pen, type TerminalOptions, penOf } from './style.ts'
import { FINDING_WORDS, NO_ANSWERS, VERDICT_WORDS } from '../text/labels.ts'
import { commonTraits, kernelLabels, knownOf, calmLine, oneLine, rangeOf, sizeOf, wordAbout } from '../text/format.ts'

/** Lists longer than this are cut with a line that says how many more there are. */
const LONGEST_LIST = 20

/** Render a report for a terminal. */
export function renderTerminal(report: Report, options: TerminalOptions): string {
  const pen = penOf(options)
  const labels = kernelLabels(report.kernels)
  const title = `kwitness ${oneLine(report.run.id)}: ${sizeOf(report).replaceAll('×', pen.times)}`
  const traits = [commonTraits(report), report.run.host.accelerator].filter(Boolean).join(', ')
  const sections = [
    [pen.paint('bold', title), pen.paint('faint', traits)],
    ...headlineSections(report, labels, pen),
    renderGrid(report, labels, pen),
    boundaryLines(report, labels, pen),
    steadyLines(report, pen),
    raceSection(report, labels, pen),
    controlLines(report, labels, pen),
    [countLine(report, pen)],
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** One section per kind of headline that has any cells, and one sentence when nothing contradicts the paperwork. */
function headlineSections(report: Report, labels: ReadonlyMap<string, string>, pen: Pen): string[][] {
  const contradictions = CONTRADICTIONS.flatMap((finding) =>
    section(`${FINDING_WORDS[finding].title}: ${FINDING_WORDS[finding].meaning}`, (cell) => cell.finding === finding, claimOf),
  )
  const noAnswers = NO_ANSWERS.flatMap((verdict) =>
    section(`${capital(verdict)}: ${VERDICT_WORDS[verdict].meaning}`, (cell) => cell.verdict === verdict),
  )
  return [...(contradictions.length ? contradictions : [[calmLine(report)]]), ...noAnswers]

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
        pen.dots,
      )
      return `  ${name} on ${series}: ${range}${cells[0] ? below(cells[0]) : ''}`
    })
    return [[pen.paint('alarm', title), ...shortened(lines, pen)]]
  }
}

/** What the paperwork says of the first of some cells, on a line of its own. */
function claimOf({ claimSource }: ReportCell): string {
  return `\n    ${oneLine(claimSource)}`
}

/** Entries shown below one boundary: a terminal is no place for all. */
const MOST_ENTRIES = 3

/** What the changelog says between the two kernels of a boundary, the fix itself first. */
function entryLines(entries: BoundaryEntries | null, pen: Pen): string {
  if (entries === null) return ''
  const shown = entries.listed.slice(0, MOST_ENTRIES)
  const left = entries.listed.length - shown.length + entries.more
  const lines = shown.map(({ build, subject, about }) => `linux (${build}): ${oneLine(subject)}${wordAbout(about)}`)
  if (lines.length === 0) lines.push('no changelog entry between them shares its names')
  if (left > 0) lines.push(`${pen.dots} and ${left} more that share its names`)
  return lines.map((line) => `\n    ${pen.paint('faint', line)}`).join('')
}

/** Where the answer changes: the two kernels, how sure the place is, and what leads on to the commit. */
function boundaryLines(report: Report, labels: ReadonlyMap<string, string>, pen: Pen): string[] {
  if (report.boundaries.length === 0) return []
  const lines = report.boundaries.map((flip) => boundaryText(flip, labels, pen))
  return [pen.paint('bold', 'Where the answer changes'), ...shortened(lines, pen)]
}

/** One boundary, on a few lines. */
function boundaryText(flip: Boundary, labels: ReadonlyMap<string, string>, pen: Pen): string {
  const side = (kernel: string, verdict: Verdict) =>
    `${labels.get(kernel) ?? kernel} ${pen.paint(verdict, `${pen.sign(verdict)} ${verdict}`)}`
  const sides = `${side(flip.before, flip.from)} ${pen.arrow} ${side(flip.after, flip.to)}`
  const below = [...wrapped(sureOf(flip, pen.dots), pen.width - 4), ...(flip.bisect ?? [])]
  const lines = [`  ${flip.case} on ${flip.series}, ${changeOf(flip)}: ${sides}`, ...below.map((line) => `    ${line}`)]
  return lines.join('\n') + entryLines(flip.entries, pen)
}

/** Where the answer never changes, by case: from which tested kernel to which. A matrix with a line a kernel shows as much. */
function steadyLines(report: Report, pen: Pen): string[] {
  if (report.kernels.length <= MAX_LINES) return []
  const steady = steadyOf(report, pen.dots)
  const lines = steady.map(({ case: name, parts }) => [`  ${name}`, ...parts.flatMap((part) => rangeLines(part, pen))].join('\n'))
  return lines.length > 0 ? [pen.paint('bold', 'Where it never changes'), ...shortened(lines, pen)] : []
}

/** The ranges of kernels that give one answer, in as many lines as they need. */
function rangeLines({ verdict, ranges }: Steady['parts'][number], pen: Pen): string[] {
  const indent = ' '.repeat(14)
  const ended = ranges.map((range, index) => (index < ranges.length - 1 ? `${range},` : range))
  const [first = '', ...more] = wrapped(ended, pen.width - indent.length, ' ')
  const word = pen.paint(verdict, `${pen.sign(verdict)} ${verdict}`)
  return [`    ${word}${' '.repeat(8 - verdict.length)}${first}`, ...more.map((line) => `${indent}${line}`)]
}

/** How sure each race is: its verdict, and below it what that rests on. */
function raceSection(report: Report, labels: ReadonlyMap<string, string>, pen: Pen): string[] {
  const label = (kernel: string) => labels.get(kernel) ?? kernel
  const lines = report.cells.flatMap((cell) => {
    if (cell.race === null) return []
    const verdict = pen.paint(cell.verdict, `${pen.sign(cell.verdict)} ${VERDICT_WORDS[cell.verdict].word}`)
    const below = wrapped(raceParts(cell.race, label), pen.width - 4).map((line) => `\n    ${line}`)
    return [`  ${cell.case} on ${label(cell.kernel)}: ${verdict}${below.join('')}`]
  })
  return lines.length > 0 ? [pen.paint('bold', 'How sure the races are'), ...shortened(lines, pen)] : []
}

/** The kernels that nobody ships: made for an answer that is known. */
function controlLines({ controls }: Report, labels: ReadonlyMap<string, string>, pen: Pen): string[] {
  if (controls.length === 0) return []
  const lines = controls.map((control) => `  ${labels.get(control.kernel) ?? control.kernel}: ${oneLine(knownOf(control))}`)
  return [pen.paint('bold', 'Controls, whose answer is known'), ...shortened(lines, pen)]
}

/** Counts of every verdict that occurs, which is also the legend of the signs. */
function countLine(report: Report, pen: Pen): string {
  return VERDICTS.filter((verdict) => report.counts[verdict] > 0)
    .map((verdict) => pen.paint(verdict, `${pen.sign(verdict)} ${VERDICT_WORDS[verdict].word} ${report.counts[verdict]}`))
    .join('   ')
}

/** Parts joined to lines of a width, as many to each as fit. */
function wrapped(parts: readonly string[], width: number, mark = '; '): string[] {
  return parts.reduce<string[]>((lines, part) => {
    const joined = `${lines.at(-1)}${mark}${part}`
    return lines.length > 0 && joined.length <= width ? [...lines.slice(0, -1), joined] : [...lines, part]
  }, [])
}

function shortened(lines: readonly string[], pen: Pen): readonly string[] {
  if (lines.length <= LONGEST_LIST) return lines
  return [...lines.slice(0, LONGEST_LIST), `  ${pen.dots} and ${lines.length - LONGEST_LIST} more`]
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
