/**
 * KCIDB 5.3, the common database of kernel CI systems: a checkout and a build for each kernel, a test for each result.
 *
 * | verdict | status |
 * |---|---|
 * | carries | PASS |
 * | lacks | FAIL |
 * | inconclusive | DONE: it ran, and does not say whether the code is correct |
 * | not-applicable | SKIP |
 * | error | ERROR: the test failed, not the code |
 * | no-result | MISS: the harness failed |
 *
 * What a claim source contradicts in case.json is an issue of the tool, with an incident for each test it is about.
 */
import type { Verdict } from '#domain/judgement.ts'
import type { CaseContradiction, Report, ReportKernel } from '#domain/report/matrix.ts'
import { oneLine } from '../text/format.ts'
import { commitsOf, contradictionOf, contradictionWords, resultsOf, secondsOf, type Result } from './results.ts'

const STATUSES: Readonly<Record<Verdict, 'FAIL' | 'ERROR' | 'MISS' | 'PASS' | 'DONE' | 'SKIP'>> = {
  carries: 'PASS',
  lacks: 'FAIL',
  inconclusive: 'DONE',
  'not-applicable': 'SKIP',
  error: 'ERROR',
  'no-result': 'MISS',
}

/** The name of this CI system in ids. Who submits under another one replaces it. */
const ORIGIN = 'kwitness'
/** Characters (UTF-16) that the schema allows in an excerpt of a log. */
const MAX_EXCERPT = 16_384

/** Render a report as KCIDB's JSON. */
export function renderKcidb(report: Report): string {
  const results = resultsOf(report)
  const data = {
    version: { major: 5, minor: 3 },
    checkouts: report.kernels.map((kernel) => checkoutOf(kernel, report)),
    builds: report.kernels.map((kernel) => buildOf(kernel, report)),
    tests: results.map((result) => testOf(result, report)),
    ...(report.caseContradictions.length === 0 ? {} : issuesOf(report, results)),
  }
  return `${JSON.stringify(data, null, 1)}\n`
}

/** An id that no other run gives. */
function idOf({ run }: Report, name: string): string {
  return `${ORIGIN}:${oneLine(`${run.id}/${name}`)}`
}

function checkoutOf(kernel: ReportKernel, report: Report): object {
  return {
    id: idOf(report, kernel.id),
    origin: ORIGIN,
    tree_name: kernel.provider === 'debian' ? 'debian' : kernel.series,
    comment: oneLine(`${kernel.provider} ${kernel.build}`),
    start_time: report.run.startedAt,
    valid: true,
  }
}

function buildOf(kernel: ReportKernel, report: Report): object {
  return {
    id: idOf(report, kernel.id),
    checkout_id: idOf(report, kernel.id),
    origin: ORIGIN,
    comment: oneLine(kernel.release ?? kernel.id),
    start_time: report.run.startedAt,
    architecture: kernel.arch,
    config_name: oneLine(kernel.flavour),
    status: 'PASS',
    misc: { version: kernel.version, series: kernel.series, build: kernel.build, sha256: kernel.sha256 },
  }
}

function testOf({ kernel, case: theCase, cell }: Result, report: Report): object {
  const { host, startedAt } = report.run
  return {
    id: testIdOf(report, { kernel, case: theCase, cell }),
    build_id: idOf(report, kernel.id),
    origin: ORIGIN,
    path: `kwitness.${theCase.id.replaceAll(/[^a-zA-Z0-9_-]/g, '_')}`,
    comment: oneLine(`${theCase.title}: ${cell.summary}`),
    status: STATUSES[cell.verdict],
    start_time: startedAt,
    duration: secondsOf(cell),
    environment: { comment: oneLine(`QEMU ${host.qemu}, ${host.accelerator}`), misc: { profile: cell.profile } },
    ...excerptOf(cell.reasons.map(({ text }) => oneLine(text))),
    misc: {
      verdict: cell.verdict,
      claim: cell.claim,
      finding: cell.finding,
      trials: cell.trials,
      missProbability: cell.missProbability,
      commits: commitsOf(theCase),
    },
  }
}

function testIdOf(report: Report, { kernel, case: theCase, cell }: Result): string {
  return idOf(report, `${kernel.id}/${theCase.id}/${cell.profile}`)
}

function issuesOf(report: Report, results: readonly Result[]): object {
  const issueIdOf = ({ case: name, series }: CaseContradiction) => idOf(report, `case-data/${name}/${series}`)
  return {
    issues: report.caseContradictions.map((contradiction) => ({
      id: issueIdOf(contradiction),
      version: 0,
      origin: ORIGIN,
      report_subject: oneLine(`case-data-contradicted: ${contradiction.case} on ${contradiction.series}`),
      culprit: { code: false, tool: true, harness: false },
      comment: oneLine(contradictionWords(contradiction)),
    })),
    incidents: results.flatMap((result) => {
      const contradiction = contradictionOf(result, report)
      if (contradiction === null) return []
      const test = testIdOf(report, result)
      const issue = { issue_id: issueIdOf(contradiction), issue_version: 0 }
      return [{ id: `${test}/case-data`, origin: ORIGIN, ...issue, test_id: test, present: true }]
    }),
  }
}

function excerptOf(lines: readonly string[]): { readonly log_excerpt?: string } {
  return lines.length === 0 ? {} : { log_excerpt: lines.join('\n').slice(0, MAX_EXCERPT) }
}
