/**
 * JUnit XML, the dialect that Jenkins, GitLab and GitHub's actions read: a test suite for each kernel, a test case for each case.
 *
 * | verdict | element |
 * |---|---|
 * | carries | none: it passed |
 * | lacks | `failure`, of type `listed-still-affected` where the claim sources list the fix |
 * | inconclusive, not-applicable | `skipped` |
 * | error, no-result | `error` |
 *
 * What a claim source contradicts in case.json is a test case that failed, in a test suite of its own.
 */
import type { CaseContradiction, Report } from '#domain/report/matrix.ts'
import { CASE_CONTRADICTED, TEST_STATUS } from '../text/labels.ts'
import { escapeXml } from '../text/xml.ts'
import { resultsOf, secondsOf, type Result } from './results.ts'

/** The class of test cases about the data of cases. */
const CASE_DATA = 'case.json'

/** Elements by the status of a test; one that passed has none. */
const ELEMENTS = { pass: null, fail: 'failure', skip: 'skipped', error: 'error' } as const

/** Render a report as JUnit XML. */
export function renderJunit(report: Report): string {
  const results = resultsOf(report)
  const { caseContradictions: contradicted } = report
  const suites = [...Map.groupBy(results, ({ kernel }) => kernel.id)]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="kwitness ${escapeXml(report.run.id)}" ${figures(results, contradicted.length)}>`,
    ...caseDataLines(contradicted),
    ...suites.flatMap(([kernel, own]) => [
      `  <testsuite name="${escapeXml(kernel)}" timestamp="${escapeXml(report.run.startedAt)}" ${figures(own)}>`,
      ...own.flatMap(caseLines),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n')
}

/** A test suite of what is contradicted in case.json; none where nothing is. */
function caseDataLines(contradicted: readonly CaseContradiction[]): string[] {
  if (contradicted.length === 0) return []
  const cases = contradicted.flatMap(({ case: name, series, summary, source }) => [
    `    <testcase classname="${CASE_DATA}" name="${escapeXml(`${name} ${series}`)}" time="0.000">`,
    `      <failure type="case-data-contradicted" message="${escapeXml(summary)}">${escapeXml(source)}</failure>`,
    '    </testcase>',
  ])
  const title = escapeXml(CASE_CONTRADICTED.title)
  return [`  <testsuite name="${title}" ${figures([], contradicted.length)}>`, ...cases, '  </testsuite>']
}

/** `contradicted`: failures that are no results. */
function figures(results: readonly Result[], contradicted = 0): string {
  const count = (status: keyof typeof ELEMENTS) => results.filter(({ cell }) => TEST_STATUS[cell.verdict] === status).length
  const seconds = results.reduce((sum, { cell }) => sum + secondsOf(cell), 0)
  const bad = `failures="${count('fail') + contradicted}" errors="${count('error')}" skipped="${count('skip')}"`
  return `tests="${results.length + contradicted}" ${bad} time="${seconds.toFixed(3)}"`
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
