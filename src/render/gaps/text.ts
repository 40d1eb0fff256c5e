/** Gaps on a terminal, and as Markdown. */
import type { GapReport } from '#domain/report/gaps.ts'
import { many } from '#domain/numbers.ts'
import { momentOf, oneLine } from '../text/format.ts'
import { escapeMarkdown, markdownTable } from '../text/markdown.ts'
import { factsOf, fixOf } from './phrases.ts'

/** Render them as text. */
export function renderGapsText({ run, kernels, gaps }: GapReport): string {
  const blocks = kernels.map(({ kernel, series, lacks }) => [
    `${series}  ${oneLine(kernel)}: ${lacks === 0 ? 'no gap' : many(lacks, 'gap')}`,
    ...gaps
      .filter((gap) => gap.kernel === kernel)
      .flatMap((gap) => [
        `  ${oneLine(gap.case)}: ${oneLine(gap.title)}`,
        ...factsOf(gap, run.startedAt).map((fact) => `    ${fact}`),
      ]),
  ])
  const head = `run ${oneLine(run.id)} (${momentOf(run.startedAt)}): the newest kernel of each supported series`
  return `${[[head], ...blocks].map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/** Render them as Markdown. */
export function renderGapsMarkdown({ run, kernels, gaps }: GapReport): string {
  const sections = kernels.map(({ kernel, series }) => {
    const own = gaps.filter((gap) => gap.kernel === kernel)
    const rows = own.map((gap) => [
      gap.case,
      gap.title,
      ...factsOf(gap, run.startedAt).slice(0, 3),
      gap.verified === null ? '' : fixOf(gap.verified),
    ])
    return [
      `### ${escapeMarkdown(series)}: ${escapeMarkdown(kernel)}`,
      ...(rows.length === 0 ? ['', 'No gap.'] : markdownTable(HEADS, rows)),
      '',
    ]
  })
  return `${[`## Gaps, run ${escapeMarkdown(run.id)}`, '', ...sections.flat()].join('\n').trimEnd()}\n`
}

const HEADS = ['fix', 'what', 'CVE', 'mainline', 'carried by', 'patch']
