/** A suite's report on a terminal: what differs between kernels and where that changes, every program, what was not run. */
import { RESULT_STATUSES } from '#analysis/suite.ts'
import type { ResultStatus, SuiteReport, SuiteRow } from '#domain/report/suite.ts'
import { penOf, type Pen, type Style, type TerminalOptions } from '../terminal/style.ts'
import { cellWords, changeGroupsOf, differencesOf, namesOf, suiteSize } from './phrases.ts'
import { commonTraits, kernelLabels, oneLine } from '../text/format.ts'

/** Lists longer than this are cut with a line that says how many more there are. */
const LONGEST_LIST = 40
const GAP = '  '
const LONGEST_NAME = 70

const STYLES: Readonly<Record<ResultStatus, Style>> = {
  pass: 'carries',
  xfail: 'unproven',
  fail: 'lacks',
  skip: 'not-applicable',
  broken: 'broken',
  missing: 'missing',
}

/** Render a suite's report for a terminal. */
export function renderSuiteTerminal(report: SuiteReport, options: TerminalOptions): string {
  const pen = penOf(options)
  const labels = kernelLabels(report.kernels)
  const label = (kernel: string) => labels.get(kernel) ?? kernel
  const traits = [commonTraits({ kernels: report.kernels, controls: [] }), report.run.host.accelerator].filter(Boolean).join(', ')
  const sections = [
    [pen.paint('bold', `kwitness ${report.run.id}: ${oneLine(suiteSize(report))}`), pen.paint('faint', traits)],
    differenceLines(report, label, pen),
    changeLines(report, label, pen),
    gridLines(report, label, pen),
    programLines(report, label, pen),
    notRun(report, pen),
    countLines(report, label, pen),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function differenceLines(report: SuiteReport, label: (kernel: string) => string, pen: Pen): string[] {
  if (report.kernels.length < 2) return []
  const groups = differencesOf(report, label)
  if (groups.length === 0) return ['Every subtest says the same on every kernel.']
  const tests = groups.reduce((sum, group) => sum + group.tests.length, 0)
  const lines = groups.map(({ program, spread, tests: own }) => `  ${program}: ${own.length} ${spread}: ${oneLine(namesOf(own))}`)
  return [pen.paint('alarm', `Differs between kernels (${tests} of ${report.rows.length})`), ...shortened(lines, pen)]
}

function changeLines(report: SuiteReport, label: (kernel: string) => string, pen: Pen): string[] {
  const lines = changeGroupsOf(report).map(({ kind, program, before, after, from, to, tests }) => {
    const flip = `${label(before)} ${pen.paint(STYLES[from], from)} ${pen.arrow} ${label(after)} ${pen.paint(STYLES[to], to)}`
    return `  ${kind.padEnd(11)} ${program}: ${flip}: ${tests.length}: ${oneLine(namesOf(tests, 2))}`
  })
  return lines.length === 0 ? [] : [pen.paint('bold', 'Along versions'), ...shortened(lines, pen)]
}

/** Subtests by kernels: those that differ, or fail or break somewhere; the page has all of them. */
function gridLines(report: SuiteReport, label: (kernel: string) => string, pen: Pen): string[] {
  const isBad = ({ status }: SuiteRow['results'][number]) => status === 'fail' || status === 'broken'
  const rows = report.rows.filter(({ differs, results }) => differs || results.some(isBad))
  if (rows.length === 0) return []
  const columns = report.kernels.map(({ id }) => ({ id, width: Math.max(7, label(id).length) }))
  const taken = columns.reduce((sum, { width }) => sum + width + GAP.length, 0)
  const longest = Math.max(...rows.map(({ test }) => oneLine(test).length))
  const room = Math.max(20, Math.min(longest, LONGEST_NAME, pen.width - taken - 4))
  const head = `    ${' '.repeat(room)}${columns.map(({ id, width }) => GAP + label(id).padEnd(width)).join('')}`.trimEnd()
  const line = (row: SuiteRow) => {
    const cells = columns.map(({ id, width }) => {
      const status = row.results.find(({ kernel }) => kernel === id)?.status ?? 'missing'
      return GAP + pen.paint(STYLES[status], status) + ' '.repeat(width - status.length)
    })
    return `    ${clipped(oneLine(row.test), room, pen).padEnd(room)}${cells.join('')}`.trimEnd()
  }
  const groups = [...Map.groupBy(rows, ({ program }) => program)]
  const body = groups.flatMap(([program, own]) => [`  ${pen.paint('bold', program)}`, ...shortened(own.map(line), pen)])
  return [pen.paint('bold', 'Subtests that differ or fail'), pen.paint('faint', head), ...body]
}

function programLines(report: SuiteReport, label: (kernel: string) => string, pen: Pen): string[] {
  const lines = report.programs.flatMap(({ id, title }) => [
    `  ${pen.paint('bold', id)}${title === id ? '' : pen.paint('faint', `  ${title}`)}`,
    ...report.cells
      .filter(({ program }) => program === id)
      .map((cell) => {
        const own = report.rows.filter(({ program }) => program === id).flatMap(({ results }) => results)
        const statuses = own.filter(({ kernel }) => kernel === cell.kernel).map(({ status }) => status)
        const seconds = cell.attempts.at(-1)?.guestSeconds
        const took = seconds === null || seconds === undefined ? '' : pen.paint('faint', `  ${seconds.toFixed(1)} s`)
        return `    ${label(cell.kernel).padEnd(18)} ${oneLine(cellWords(cell, statuses))}${took}`
      }),
  ])
  return [pen.paint('bold', 'Programs'), ...lines]
}

function notRun({ suite }: SuiteReport, pen: Pen): string[] {
  const inTree = suite.notInTree.length === 0 ? [] : [`  not in this tree: ${suite.notInTree.join(', ')}`]
  const left = suite.leftOut.map(({ program, why }) => `  ${program}: ${oneLine(why)}`)
  return inTree.length + left.length === 0 ? [] : [pen.paint('bold', 'Not run'), ...inTree, ...left]
}

function countLines({ kernels, counts }: SuiteReport, label: (kernel: string) => string, pen: Pen): string[] {
  return kernels.map(({ id }) => {
    const own = RESULT_STATUSES.filter((status) => (counts[id]?.[status] ?? 0) > 0)
    const words = own.map((status) => pen.paint(STYLES[status], `${status} ${counts[id]?.[status]}`))
    return `${label(id).padEnd(20)} ${words.join('   ')}`
  })
}

function clipped(text: string, room: number, pen: Pen): string {
  return text.length <= room ? text : `${text.slice(0, room - pen.dots.length)}${pen.dots}`
}

function shortened(lines: readonly string[], pen: Pen): readonly string[] {
  if (lines.length <= LONGEST_LIST) return lines
  return [...lines.slice(0, LONGEST_LIST), `    ${pen.dots} and ${lines.length - LONGEST_LIST} more; the page has them`]
}
