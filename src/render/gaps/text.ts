/** Gaps on a terminal, and as Markdown. */
import type { GapReport } from '#domain/report/gaps.ts'
import { momentOf, oneLine } from '../text/format.ts'
import { escapeMarkdown, markdownTable } from '../text/markdown.ts'
import { factsOf, fixOf, standingOf } from './phrases.ts'

/** Render them as text. */
export function renderGapsText({ run, kernels, gaps }: GapReport): string {
  const blocks = kernels.map((own) => [
    `${own.series}  ${oneLine(own.kernel)}: ${standingOf(own)}`,
    ...gaps
      .filter((gap) => gap.kernel === own.kernel)
      .flatMap((gap) => [
        `  ${oneLine(gap.case)}: ${oneLine(gap.title)}`,
        ...factsOf(gap, run.startedAt).map((fact) => `    ${fact}`),
      ]),
  ])
  const head = `run ${oneLine(run.id)} (${momentOf(run.startedAt)}): the newest tested kernel of each supported series`
  return `${[[head], ...blocks].map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/** Render them as Markdown. */
export function renderGapsMarkdown({ run, kernels, gaps }: GapReport): string {
  const sections = kernels.map((standing) => {
    const { kernel, series } = standing
    const own = gaps.filter((gap) => gap.kernel === kernel)
    const rows = own.map((gap) => [
      gap.case,
      gap.title,
      ...factsOf(gap, run.startedAt).slice(0, 3),
      gap.verified === null ? '' : fixOf(gap.verified),
    ])
    return [
      `### ${escapeMarkdown(series)}: ${escapeMarkdown(kernel)}`,
      '',
      `${escapeMarkdown(standingOf(standing))}.`,
      ...(rows.length === 0 ? [] : markdownTable(HEADS, rows)),
      '',
    ]
  })
  return `${[`## Gaps, run ${escapeMarkdown(run.id)}`, '', ...sections.flat()].join('\n').trimEnd()}\n`
}

const HEADS = ['fix', 'what', 'CVE', 'mainline', 'carried by', 'patch']
