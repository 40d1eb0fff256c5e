/** A suite's report on a terminal: differences between kernels and along versions, every program, and what did not run. */
import { RESULT_STATUSES } from '#analysis/suite.ts'
import type { ResultStatus, SuiteReport, SuiteRow } from '#domain/report/suite.ts'
import { terminalStyle, type TerminalStyle, type StyleName, type TerminalOptions } from '../terminal/style.ts'
import { cellWords, changeGroupsOf, differencesOf, namesOf, suiteSize } from './phrases.ts'
import { commonTraits, kernelLabels, oneLine } from '../text/format.ts'

/** Longer lists end with a line that counts the rest. */
const MAX_LIST = 40
const GAP = '  '
const MAX_NAME = 70

const STYLES: Readonly<Record<ResultStatus, StyleName>> = {
  pass: 'carries',
  xfail: 'inconclusive',
  fail: 'lacks',
  skip: 'not-applicable',
  error: 'error',
  'not-reported': 'no-result',
}

/** Render a suite's report for a terminal. */
export function renderSuiteTerminal(report: SuiteReport, options: TerminalOptions): string {
  const style = terminalStyle(options)
  const labels = kernelLabels(report.kernels)
  const label = (kernel: string) => labels.get(kernel) ?? kernel
  const traits = [commonTraits({ kernels: report.kernels, controls: [] }), report.run.host.accelerator].filter(Boolean).join(', ')
  const sections = [
    [style.paint('bold', `kwitness ${report.run.id}: ${oneLine(suiteSize(report))}`), style.paint('faint', traits)],
    differenceLines(report, label, style),
    changeLines(report, label, style),
    gridLines(report, label, style),
    programLines(report, label, style),
    notRun(report, style),
    countLines(report, label, style),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function differenceLines(report: SuiteReport, label: (kernel: string) => string, style: TerminalStyle): string[] {
  if (report.kernels.length < 2) return []
  const groups = differencesOf(report, label)
  if (groups.length === 0) return ['Every subtest gives the same result on every kernel.']
  const tests = groups.reduce((sum, group) => sum + group.tests.length, 0)
  const lines = groups.map(({ program, spread, tests: own }) => `  ${program}: ${own.length} ${spread}: ${oneLine(namesOf(own))}`)
  return [style.paint('alarm', `Differs between kernels (${tests} of ${report.rows.length})`), ...shortened(lines, style)]
}

function changeLines(report: SuiteReport, label: (kernel: string) => string, style: TerminalStyle): string[] {
  const lines = changeGroupsOf(report).map(({ kind, program, before, after, from, to, tests }) => {
    const sides = [`${label(before)} ${style.paint(STYLES[from], from)}`, `${label(after)} ${style.paint(STYLES[to], to)}`]
    return `  ${kind.padEnd(11)} ${program}: ${sides.join(` ${style.arrow} `)}: ${tests.length}: ${oneLine(namesOf(tests, 2))}`
  })
  return lines.length === 0 ? [] : [style.paint('bold', 'Along versions'), ...shortened(lines, style)]
}

/** Subtests by kernels: only those that differ or fail on a kernel; the page has all of them. */
function gridLines(report: SuiteReport, label: (kernel: string) => string, style: TerminalStyle): string[] {
  const isBad = ({ status }: SuiteRow['results'][number]) => status === 'fail' || status === 'error'
  const rows = report.rows.filter(({ differs, results }) => differs || results.some(isBad))
  if (rows.length === 0) return []
  const statusAt = (row: SuiteRow, id: string): ResultStatus =>
    row.results.find(({ kernel }) => kernel === id)?.status ?? 'not-reported'
  const columns = report.kernels.map(({ id }) => {
    const statuses = rows.map((row) => statusAt(row, id).length)
    return { id, width: Math.max(label(id).length, ...statuses) }
  })
  const taken = columns.reduce((sum, { width }) => sum + width + GAP.length, 0)
  const longestName = Math.max(...rows.map(({ test }) => oneLine(test).length))
  const nameWidth = Math.max(20, Math.min(longestName, MAX_NAME, style.width - taken - 4))
  const head = `    ${' '.repeat(nameWidth)}${columns.map(({ id, width }) => GAP + label(id).padEnd(width)).join('')}`.trimEnd()
  const line = (row: SuiteRow) => {
    const cells = columns.map(({ id, width }) => {
      const status = statusAt(row, id)
      return GAP + style.paint(STYLES[status], status) + ' '.repeat(width - status.length)
    })
    return `    ${clipped(oneLine(row.test), nameWidth, style).padEnd(nameWidth)}${cells.join('')}`.trimEnd()
  }
  const groups = [...Map.groupBy(rows, ({ program }) => program)]
  const body = groups.flatMap(([program, own]) => [`  ${style.paint('bold', program)}`, ...shortened(own.map(line), style)])
  return [style.paint('bold', 'Subtests that differ or fail'), style.paint('faint', head), ...body]
}

function programLines(report: SuiteReport, label: (kernel: string) => string, style: TerminalStyle): string[] {
  const lines = report.programs.flatMap(({ id, title }) => [
    `  ${style.paint('bold', id)}${title === id ? '' : style.paint('faint', `  ${title}`)}`,
    ...report.cells
      .filter(({ program }) => program === id)
      .map((cell) => {
        const own = report.rows.filter(({ program }) => program === id).flatMap(({ results }) => results)
        const statuses = own.filter(({ kernel }) => kernel === cell.kernel).map(({ status }) => status)
        const seconds = cell.attempts.at(-1)?.guestSeconds
        const took = seconds === null || seconds === undefined ? '' : style.paint('faint', `  ${seconds.toFixed(1)} s`)
        return `    ${label(cell.kernel).padEnd(18)} ${oneLine(cellWords(cell, statuses))}${took}`
      }),
  ])
  return [style.paint('bold', 'Programs'), ...lines]
}

function notRun({ suite }: SuiteReport, style: TerminalStyle): string[] {
  const inTree = suite.notInTree.length === 0 ? [] : [`  not in this tree: ${suite.notInTree.join(', ')}`]
  const left = suite.leftOut.map(({ program, why }) => `  ${program}: ${oneLine(why)}`)
  return inTree.length + left.length === 0 ? [] : [style.paint('bold', 'Not run'), ...inTree, ...left]
}

function countLines({ kernels, counts }: SuiteReport, label: (kernel: string) => string, style: TerminalStyle): string[] {
  return kernels.map(({ id }) => {
    const own = RESULT_STATUSES.filter((status) => (counts[id]?.[status] ?? 0) > 0)
    const words = own.map((status) => style.paint(STYLES[status], `${status} ${counts[id]?.[status]}`))
    return `${label(id).padEnd(20)} ${words.join('   ')}`
  })
}

function clipped(text: string, nameWidth: number, style: TerminalStyle): string {
  return text.length <= nameWidth ? text : `${text.slice(0, nameWidth - style.dots.length)}${style.dots}`
}

function shortened(lines: readonly string[], style: TerminalStyle): readonly string[] {
  if (lines.length <= MAX_LIST) return lines
  return [...lines.slice(0, MAX_LIST), `    ${style.dots} and ${lines.length - MAX_LIST} more; the page has them`]
}
