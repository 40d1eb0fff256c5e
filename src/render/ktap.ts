/**
 * KTAP version 1: one subtest per kernel, one line per case, for readers that know test results and nothing of fixes.
 *
 * | verdict | line |
 * |---|---|
 * | carries | `ok N case` |
 * | lacks | `not ok N case`, the reason as a diagnostic line above |
 * | inconclusive, not-applicable | `ok N case # SKIP verdict: reason` |
 * | error, no-result | `not ok N case # ERROR verdict: reason` |
 *
 * The numbers of a race and the known answer of a control are diagnostics. A kernel is `not ok` when one of its lines is, as KTAP
 * requires of a parent.
 */
import { contradictionsOf } from '#analysis/matrix/headline.ts'
import { matrixOf } from '#analysis/matrix/matrix.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { raceParts } from './text/race.ts'
import { calmLine, knownOf, oneLine } from './text/format.ts'
import { TEST_STATUS } from './text/labels.ts'

/** Render a report as KTAP version 1. A pair without a cell has no line, and the plan of its kernel does not count it. */
export function renderKtap(report: Report): string {
  const { series, cases, cellAt } = matrixOf(report)
  const kernels = series.flatMap((rows) => rows.kernels)
  const lines = [
    'KTAP version 1',
    `# kwitness run ${escape(report.run.id)}${report.run.complete ? '' : ', not complete yet'}`,
    ...headline(report),
    `1..${kernels.length}`,
  ]
  for (const [index, kernel] of kernels.entries()) {
    const cells = cases.flatMap((theCase) => cellAt(kernel.id, theCase.id) ?? [])
    const known = report.controls.filter((control) => control.kernel === kernel.id)
    lines.push(
      ...subtest(
        kernel.id,
        known.map((control) => `# ${escape(knownOf(control))}`),
        cells,
      ).map((line) => `  ${line}`),
    )
    const failed = cells.some((cell) => TEST_STATUS[cell.verdict] === 'fail' || TEST_STATUS[cell.verdict] === 'error')
    const skipped = cells.length ? '' : ' # SKIP no case was planned'
    lines.push(`${failed ? 'not ok' : 'ok'} ${index + 1} ${escape(kernel.id)}${skipped}`)
  }
  return `${lines.join('\n')}\n`
}

/** The contradictions of the claim sources, cell by cell, before all results. */
function headline(report: Report): string[] {
  const all = contradictionsOf(report)
  const cells = all.flatMap(({ finding, case: name, cells: own }) =>
    own.map(({ kernel, claimSource }) => `# ${finding}: ${escape(kernel)}/${escape(name)}, ${escape(claimSource)}`),
  )
  const data = report.caseContradictions.map(
    ({ case: name, series, summary, source }) =>
      `# case-data-contradicted: ${escape(name)} on ${escape(series)}, ${escape(summary)}; ${escape(source)}`,
  )
  return [...(cells.length > 0 ? cells : [`# ${escape(calmLine(report))}`]), ...data]
}

/** The lines of one kernel, not indented. */
function subtest(kernel: string, known: readonly string[], cells: readonly ReportCell[]): string[] {
  const results = cells.flatMap((cell, index) => resultLines(cell, index + 1))
  return ['KTAP version 1', `# Subtest: ${escape(kernel)}`, ...known, `1..${cells.length}`, ...results]
}

/** The result line of a cell, after its diagnostics. */
function resultLines(cell: ReportCell, number: number): string[] {
  const name = `${number} ${escape(cell.case)}`
  const reason = `${cell.verdict}: ${escape(cell.summary)}`
  const finding =
    cell.finding === 'listed-still-affected' || cell.finding === 'fixed-not-listed'
      ? [`# finding: ${cell.finding}, ${escape(cell.claimSource)}`]
      : []
  const sure = cell.race ? [...cell.race.explanation, ...raceParts(cell.race, (id) => id)] : []
  const race = sure.map((words) => `# race: ${escape(words)}`)
  switch (TEST_STATUS[cell.verdict]) {
    case 'pass':
      return [...race, ...finding, `ok ${name}`]
    case 'fail':
      return [`# ${reason}`, ...race, ...finding, `not ok ${name}`]
    case 'skip':
      return [...race, `ok ${name} # SKIP ${reason}`]
    case 'error':
      return [`not ok ${name} # ERROR ${reason}`]
  }
}

/** Text on one line that cannot start a directive: `#` and the backslash escaped as in TAP 14. */
function escape(text: string): string {
  return oneLine(text).replaceAll(/[\\#]/g, '\\$&')
}
