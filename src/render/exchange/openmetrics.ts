/** OpenMetrics, for Prometheus and its textfile collector: what each kernel says of each case, and counts of a run. */
import { VERDICTS } from '#analysis/matrix/matrix.ts'
import type { Report } from '#domain/report/matrix.ts'
import { oneLine } from '../text/format.ts'
import { resultsOf } from './results.ts'

/** Render a report as OpenMetrics text. */
export function renderOpenMetrics(report: Report): string {
  const results = resultsOf(report)
  const findings = ['listed-still-affected', 'fixed-not-listed'] as const
  const started = Date.parse(report.run.startedAt) / 1000
  const lines = [
    ...family('kwitness_result', 'gauge', '1 for the verdict that a kernel has for a case.'),
    ...results.map(({ kernel, cell }) =>
      sample(
        'kwitness_result',
        {
          kernel: kernel.id,
          version: kernel.version,
          series: kernel.series,
          case: cell.case,
          verdict: cell.verdict,
          finding: cell.finding,
        },
        1,
      ),
    ),
    ...family('kwitness_results', 'gauge', 'Results by verdict.'),
    ...VERDICTS.map((verdict) => sample('kwitness_results', { verdict }, report.counts[verdict])),
    ...family('kwitness_contradictions', 'gauge', 'Results whose verdict contradicts the claim sources.'),
    ...findings.map((finding) =>
      sample('kwitness_contradictions', { finding }, report.cells.filter((cell) => cell.finding === finding).length),
    ),
    ...family('kwitness_case_contradictions', 'gauge', '1 for the data of a case that a claim source contradicts in a series.'),
    ...report.caseContradictions.map(({ case: name, series, kind }) =>
      sample('kwitness_case_contradictions', { case: name, series, kind }, 1),
    ),
    ...family('kwitness_run_complete', 'gauge', '1 when no attempt of the run is left.'),
    sample('kwitness_run_complete', {}, report.run.complete ? 1 : 0),
    ...(Number.isFinite(started)
      ? [
          ...family('kwitness_run_started_timestamp_seconds', 'gauge', 'When the run was started.'),
          sample('kwitness_run_started_timestamp_seconds', {}, started),
        ]
      : []),
    '# EOF',
  ]
  return `${lines.join('\n')}\n`
}

function family(name: string, type: 'gauge', help: string): string[] {
  return [`# TYPE ${name} ${type}`, `# HELP ${name} ${help}`]
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`)
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
}

function escape(text: string): string {
  return oneLine(text).replaceAll(/[\\"]/g, '\\$&')
}
