/** The report of a run of a suite: rendered, written, explained. */
import { join } from 'node:path'
import { startSpan } from '#harness/support/spans.ts'
import { InvariantError, UserError } from '#domain/errors.ts'
import type { SuiteReport } from '#domain/report/suite.ts'
import { renderSuiteHtml, SUITE_ASSETS } from '#render/suite/html.ts'
import { jsonByLine } from '#render/json.ts'
import { renderSuiteTerminal } from '#render/suite/terminal.ts'
import { buildSuiteRunReport } from '#run/report/suite-report.ts'
import type { ReadRuns, RunRecord } from '#store/ports.ts'
import type { AttemptDetails } from '#run/results/details.ts'
import type { FoundResult } from '#run/results/find.ts'
import { detailLines } from './attempt-details.ts'
import { writeRenderings, readAssets, terminalOf } from './files.ts'
import { printProblems } from './problems.ts'
import { reasonLine } from './reason-line.ts'
import { print } from './streams.ts'

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

/** Print what a program of a suite said on a kernel, with the evidence behind it, and give the exit code. */
export async function explainSuite(
  { store, run, runName, cell: planned }: FoundResult,
  details: ReadonlyMap<string, AttemptDetails>,
  json: boolean,
): Promise<number> {
  const report = await suiteReportOf(store, run)
  const cell = report.cells.find((one) => one.kernel === planned.kernel.id && one.program === planned.case.id)
  if (!cell) throw new InvariantError(`${runName} has no cell of ${planned.kernel.id} and ${planned.case.id}`)
  if (json) {
    const own = cell.attempts.map((attempt) => ({ ...attempt, ...details.get(attempt.id) }))
    await print(JSON.stringify({ run: run.id, ...cell, attempts: own }, null, 2), true)
    return 0
  }
  const title = report.programs.find(({ id }) => id === cell.program)?.title ?? ''
  const attempts = cell.attempts.flatMap(({ id, attempt, outcome, ending, exit, seconds, reasons }) => [
    `  attempt ${attempt}: ${outcome}, ${ending}${exit === null ? '' : `, exit status ${exit}`}, ${seconds.toFixed(1)} s`,
    ...reasons.map(reasonLine),
    ...detailLines(details.get(id)),
  ])
  const results = cell.results.map(({ test, status, reason, line }) => {
    const why = reason === '' ? '' : `  (${reason})`
    return `  ${status.padEnd(7)}  ${line === null ? '' : `output:${line}`.padEnd(12)}${test}${why}`
  })
  await print(
    [`${cell.kernel} ${cell.program}: ${cell.summary}`, `  ${runName}`, `  ${title}`, ...results, ...attempts].join('\n'),
  )
  return 0
}
