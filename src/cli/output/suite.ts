/** The report of a run of a suite: rendered, written, explained. */
import { join } from 'node:path'
import { startSpan } from '#harness/support/spans.ts'
import { UserError } from '#domain/errors.ts'
import type { SuiteReport } from '#domain/report/suite.ts'
import { renderSuiteHtml, SUITE_ASSETS } from '#render/suite/html.ts'
import { jsonByLine } from '#render/json.ts'
import { renderSuiteTerminal } from '#render/suite/terminal.ts'
import { buildSuiteRunReport } from '#run/report/suite-report.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import { findCell } from '../options/cell-name.ts'
import { writeRenderings, print, readAssets, terminalOf } from './files.ts'
import { printProblems } from './problems.ts'
import { reasonLine } from './reason-line.ts'

/** The report of a run of a suite; problems of the store go to stderr. */
export async function suiteReportOf(store: ReadRuns, run: RunRecord): Promise<SuiteReport> {
  using _ = startSpan('build report')
  const { report, problems } = await buildSuiteRunReport(store, run)
  printProblems(problems)
  return report
}

/** The words of `--format` that a suite's report has. */
const FORMATS = ['terminal', 'html', 'json'] as const

/** Render a suite's report. Throws UserError for a format it does not have. */
export async function renderSuite(report: SuiteReport, format: string): Promise<string> {
  using _ = startSpan('render')
  return await render(report, format)
}

async function render(report: SuiteReport, format: string): Promise<string> {
  if (format === 'json') return jsonByLine(report)
  if (format === 'html') return renderSuiteHtml(report, await readAssets(SUITE_ASSETS))
  if (format === 'terminal') return renderSuiteTerminal(report, terminalOf(process.stdout))
  throw new UserError(`a suite's report has no format ${format}`, `there are: ${FORMATS.join(', ')}`)
}

/** Write the files of a suite's report to its folder. Returns the path of the page. */
export async function writeSuiteReport(report: SuiteReport, folder: string | undefined): Promise<string> {
  using _ = startSpan('render')
  const files = [
    { name: 'index.html', text: await render(report, 'html') },
    { name: 'report.json', text: await render(report, 'json') },
  ]
  return join(await writeRenderings(report.run.id, files, folder), 'index.html')
}

/** Print what a program of a suite said on a kernel, with the evidence behind it. */
export async function explainSuite(report: SuiteReport, text: string, json: boolean): Promise<number> {
  const cell = findCell(report.run.id, report.cells, ({ kernel, program }) => ({ kernel, case: program }), text)
  if (json) {
    await print(JSON.stringify(cell, null, 2))
    return 0
  }
  const title = report.programs.find(({ id }) => id === cell.program)?.title ?? ''
  const attempts = cell.attempts.flatMap(({ attempt, outcome, ending, exit, seconds, reasons }) => [
    `  attempt ${attempt}: ${outcome}, ${ending}${exit === null ? '' : `, exit status ${exit}`}, ${seconds.toFixed(1)} s`,
    ...reasons.map(reasonLine),
  ])
  const results = cell.results.map(({ test, status, reason, line }) => {
    const why = reason === '' ? '' : `  (${reason})`
    return `  ${status.padEnd(7)}  ${line === null ? '' : `output:${line}`.padEnd(12)}${test}${why}`
  })
  await print([`${cell.kernel} ${cell.program}: ${cell.summary}`, `  ${title}`, ...results, ...attempts].join('\n'))
  return 0
}
