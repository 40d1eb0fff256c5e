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
import type { Verdict } from '#domain/judgement.ts'
import type { Report } from '#domain/report/matrix.ts'
import { escapeXml } from '../text/xml.ts'
import { resultsOf, secondsOf, type Result } from './results.ts'

type State = 'passed' | 'failure' | 'skipped' | 'error'

const STATES: Readonly<Record<Verdict, State>> = {
  carries: 'passed',
  lacks: 'failure',
  inconclusive: 'skipped',
  'not-applicable': 'skipped',
  error: 'error',
  'no-result': 'error',
}

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
  const count = (state: State) => results.filter(({ cell }) => STATES[cell.verdict] === state).length
  const seconds = results.reduce((sum, { cell }) => sum + secondsOf(cell), 0)
  const bad = `failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}"`
  return `tests="${results.length}" ${bad} time="${seconds.toFixed(3)}"`
}

function caseLines({ kernel, cell }: Result): string[] {
  const state = STATES[cell.verdict]
  const name = `classname="${escapeXml(kernel.id)}" name="${escapeXml(cell.case)}"`
  const head = `    <testcase ${name} time="${secondsOf(cell).toFixed(3)}"`
  if (state === 'passed') return [`${head}/>`]
  const message = escapeXml(`${cell.verdict}: ${cell.summary}`)
  const type = cell.finding === 'listed-still-affected' ? cell.finding : cell.verdict
  // JUnit's schema gives a skipped test nothing but a message.
  if (state === 'skipped') return [`${head}>`, `      <skipped message="${message}"/>`, '    </testcase>']
  const evidence = escapeXml(cell.reasons.map(({ text }) => text).join('\n'))
  return [`${head}>`, `      <${state} type="${type}" message="${message}">${evidence}</${state}>`, '    </testcase>']
}
