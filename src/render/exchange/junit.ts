/**
 * JUnit XML, the dialect that Jenkins, GitLab and GitHub's actions read: a test suite for each kernel, a test case for each case.
 *
 * | verdict | element |
 * |---|---|
 * | carries | none: it passed |
 * | lacks | `failure`, of type `listed-still-affected` where the claim sources list the fix |
 * | inconclusive, not-applicable | `skipped` |
 * | error, no-result | `error` |
 */
import type { Report } from '#domain/report/matrix.ts'
import { TEST_STATUS } from '../text/labels.ts'
import { escapeXml } from '../text/xml.ts'
import { resultsOf, secondsOf, type Result } from './results.ts'

/** Elements by the status of a test; one that passed has none. */
const ELEMENTS = { pass: null, fail: 'failure', skip: 'skipped', error: 'error' } as const

/** Render a report as JUnit XML. */
export function renderJunit(report: Report): string {
  const results = resultsOf(report)
  const suites = [...Map.groupBy(results, ({ kernel }) => kernel.id)]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="kwitness ${escapeXml(report.run.id)}" ${figures(results)}>`,
    ...suites.flatMap(([kernel, own]) => [
      `  <testsuite name="${escapeXml(kernel)}" timestamp="${escapeXml(report.run.startedAt)}" ${figures(own)}>`,
      ...own.flatMap(caseLines),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n')
}

function figures(results: readonly Result[]): string {
  const count = (status: keyof typeof ELEMENTS) => results.filter(({ cell }) => TEST_STATUS[cell.verdict] === status).length
  const seconds = results.reduce((sum, { cell }) => sum + secondsOf(cell), 0)
  const bad = `failures="${count('fail')}" errors="${count('error')}" skipped="${count('skip')}"`
  return `tests="${results.length}" ${bad} time="${seconds.toFixed(3)}"`
}

function caseLines({ kernel, cell }: Result): string[] {
  const element = ELEMENTS[TEST_STATUS[cell.verdict]]
  const name = `classname="${escapeXml(kernel.id)}" name="${escapeXml(cell.case)}"`
  const head = `    <testcase ${name} time="${secondsOf(cell).toFixed(3)}"`
  if (element === null) return [`${head}/>`]
  const message = escapeXml(`${cell.verdict}: ${cell.summary}`)
  const type = cell.finding === 'listed-still-affected' ? cell.finding : cell.verdict
  // JUnit's schema gives a skipped test nothing but a message.
  if (element === 'skipped') return [`${head}>`, `      <skipped message="${message}"/>`, '    </testcase>']
  const evidence = escapeXml(cell.reasons.map(({ text }) => text).join('\n'))
  return [`${head}>`, `      <${element} type="${type}" message="${message}">${evidence}</${element}>`, '    </testcase>']
}
