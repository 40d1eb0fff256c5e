/** A suite's report as one HTML file without scripts or other files: every subtest on every kernel. */
import { RESULT_STATUSES } from '#analysis/suite.ts'
import type { ResultStatus, SuiteReport } from '#domain/report/suite.ts'
import type { HtmlAssets } from '../html/assets.ts'
import { fillPage } from '../html/fill.ts'
import { cellWords, changeGroupsOf, differencesOf, namesOf, RESULT_LABELS, suiteSize } from './phrases.ts'
import { commonTraits, kernelLabels, momentOf } from '../text/format.ts'

/** The files in reports/templates that make up the page, which needs no script. */
export const SUITE_ASSETS: Readonly<Record<keyof HtmlAssets, readonly string[]>> = {
  template: ['head.hbs', 'suite.hbs'],
  css: ['report.css', 'suite.css'],
  js: [],
}

/** Names shown for a group of tests. */
const NAMES = 6

/** Render a suite's report as one page. */
export function renderSuiteHtml(report: SuiteReport, assets: HtmlAssets): string {
  const labels = kernelLabels(report.kernels)
  const label = (kernel: string) => labels.get(kernel) ?? kernel
  const counted = (id: string) =>
    RESULT_STATUSES.flatMap((status) => {
      const count = report.counts[id]?.[status] ?? 0
      return count > 0 ? [{ status, count }] : []
    })
  const present = new Set(report.rows.flatMap(({ results }) => results.map(({ status }) => status)))
  return fillPage(assets, {
    run: report.run,
    started: momentOf(report.run.startedAt),
    size: suiteSize(report),
    traits: commonTraits({ kernels: report.kernels, controls: [] }),
    suite: report.suite,
    kernels: report.kernels.map(({ id, release }) => ({ id, label: label(id), release: release ?? '', counts: counted(id) })),
    legend: RESULT_STATUSES.filter((status) => present.has(status)).map((status) => ({ status, ...RESULT_LABELS[status] })),
    differences: differencesOf(report, label).map(({ tests, ...rest }) => ({ ...rest, ...few(tests) })),
    changes: changeGroupsOf(report).map(({ tests, before, after, ...rest }) => ({
      ...rest,
      before: label(before),
      after: label(after),
      ...few(tests),
    })),
    programs: report.programs.map((program) => programOf(report, program, label)),
  })
}

const few = (tests: readonly string[]) => ({ count: tests.length, names: namesOf(tests, NAMES) })

function programOf(report: SuiteReport, { id, title }: SuiteReport['programs'][number], label: (kernel: string) => string) {
  const rows = report.rows.filter(({ program }) => program === id)
  const statusesOn = (kernel: string): ResultStatus[] =>
    rows.flatMap(({ results }) => results.filter((one) => one.kernel === kernel).map(({ status }) => status))
  return {
    id,
    title,
    differs: rows.some((row) => row.differs),
    cells: report.cells
      .filter(({ program }) => program === id)
      .map((cell) => ({
        kernel: label(cell.kernel),
        words: cellWords(cell, statusesOn(cell.kernel)),
        trouble: cell.outcome !== 'reported',
      })),
    rows: rows.map(({ test, results, differs }) => ({
      test,
      differs,
      cells: results.map(({ kernel, status, reason }) => ({
        status,
        hint: `${label(kernel)}: ${status}${reason && `: ${reason}`}`,
      })),
    })),
  }
}
