/** The report as Markdown, for an issue, a mail or the summary of a CI job: contradictions first, then the matrix by series. */
import { CONTRADICTIONS, headlinesOf, silentHosts } from '#analysis/matrix/headline.ts'
import { VERDICTS } from '#analysis/matrix/matrix.ts'
import type { Boundary, Report, Timeline } from '#domain/report/matrix.ts'
import { changeOf, precisionOf } from '../text/boundary.ts'
import { calmLine, kernelLabels, oneLine, rangeOf, sizeOf } from '../text/format.ts'
import { CASE_CONTRADICTED, FINDING_LABELS, VERDICT_LABELS } from '../text/labels.ts'
import { escapeMarkdown, markdownTable } from '../text/markdown.ts'

/** Render a report. */
export function renderMarkdown(report: Report): string {
  const labels = kernelLabels(report.kernels)
  const label = (kernel: string): string => labels.get(kernel) ?? kernel
  const counts = VERDICTS.filter((verdict) => report.counts[verdict] > 0).map(
    (verdict) => `${report.counts[verdict]} ${VERDICT_LABELS[verdict].word}`,
  )
  return `${[
    `## kwitness ${escapeMarkdown(report.run.id)}`,
    '',
    `${escapeMarkdown(sizeOf(report))}: ${counts.join(', ')}.`,
    ...contradictionLines(report, label),
    ...silentLines(report),
    ...caseDataLines(report),
    ...matrixLines(report, label),
    ...boundaryLines(report, label),
  ].join('\n')}\n`
}

const LEGEND = VERDICTS.map((verdict) => `${VERDICT_LABELS[verdict].glyph} ${VERDICT_LABELS[verdict].word}`).join(', ')

type Label = (kernel: string) => string

function contradictionLines(report: Report, label: Label): string[] {
  const sections = CONTRADICTIONS.flatMap((finding) => {
    const rows = headlinesOf(report, (cell) => cell.finding === finding).map(({ case: name, series, cells }) => [
      name,
      series,
      rangeOf(cells.map(({ kernel }) => label(kernel))),
      cells[0]?.claimSource ?? '',
    ])
    const { title } = FINDING_LABELS[finding]
    return rows.length === 0 ? [] : ['', `### ${title}`, ...markdownTable(['case', 'series', 'kernels', 'claim'], rows)]
  })
  return sections.length > 0 ? sections : ['', escapeMarkdown(calmLine(report))]
}

/** Machines that gave no answer, and why; nothing where all did. */
function silentLines(report: Report): string[] {
  const rows = silentHosts(report).map(({ host, outcome, message }) => [host, outcome, message ?? ''])
  return rows.length === 0 ? [] : ['', '### Without an answer', ...markdownTable(['machine', 'outcome', 'why'], rows)]
}

/** What a claim source contradicts in case.json; nothing where none does. */
function caseDataLines({ caseContradictions }: Report): string[] {
  const rows = caseContradictions.map(({ case: name, series, summary, source }) => [name, series, summary, source])
  return rows.length === 0
    ? []
    : ['', `### ${CASE_CONTRADICTED.title}`, ...markdownTable(['case', 'series', 'what', 'claim'], rows)]
}

/** Cases down, branches across: what the kernels of a branch say, in version order. */
function matrixLines({ timelines, cases }: Report, label: Label): string[] {
  const branches = [...new Map(timelines.map((timeline) => [branchOf(timeline), timeline])).keys()]
  const answers = new Map(timelines.map((timeline) => [`${timeline.case} ${branchOf(timeline)}`, answerOf(timeline, label)]))
  const rows = cases.map(({ id }) => [id, ...branches.map((branch) => answers.get(`${id} ${branch}`) ?? '')])
  return rows.length === 0 ? [] : ['', '### Matrix', ...markdownTable(['case', ...branches], rows), '', LEGEND]
}

function branchOf({ series, flavour }: Timeline): string {
  return `${series} ${flavour}`
}

/** `✔`, `✘`, `✘ 6.1.170 … 6.1.187, ✔ 6.1.190 … 6.1.192`; `–` and the like where no kernel answered. */
function answerOf({ intervals, earlier, later }: Timeline, label: Label): string {
  const [only, ...more] = intervals
  if (only && more.length === 0) return VERDICT_LABELS[only.verdict].glyph
  if (only) return intervals.map((one) => `${VERDICT_LABELS[one.verdict].glyph} ${endsOf(one, label)}`).join(', ')
  const reasons = new Set([...earlier, ...later].map(({ reason }) => reason))
  return [...reasons].map((reason) => (reason in VERDICT_LABELS ? VERDICT_LABELS[reason as 'error'].glyph : '')).join('')
}

function endsOf({ first, last }: Timeline['intervals'][number], label: Label): string {
  return [...new Set([label(first), label(last)])].join(' … ')
}

function boundaryLines({ boundaries }: Report, label: Label): string[] {
  const rows = boundaries.map((boundary: Boundary) => [
    boundary.case,
    boundary.series,
    changeOf(boundary),
    `${label(boundary.before)} → ${label(boundary.after)}`,
    precisionOf(boundary).map(oneLine).join('; '),
  ])
  return rows.length === 0
    ? []
    : ['', '### Where the answer changes', ...markdownTable(['case', 'series', 'what', 'between', 'how sure'], rows)]
}
