/** What every format for other programs starts from: each result with its kernel and its case, in matrix order. */
import { matrixOf } from '#analysis/matrix/matrix.ts'
import type { CaseContradiction, Report, ReportCase, ReportCell, ReportKernel } from '#domain/report/matrix.ts'

export interface Result {
  readonly kernel: ReportKernel
  readonly case: ReportCase
  readonly cell: ReportCell
}

/** Results by kernel, in series and version order, and then by case. */
export function resultsOf(report: Report): Result[] {
  const { series, cases, cellAt } = matrixOf(report)
  return series.flatMap(({ kernels }) =>
    kernels.flatMap((kernel) =>
      cases.flatMap((theCase) => {
        const cell = cellAt(kernel.id, theCase.id)
        return cell ? [{ kernel, case: theCase, cell }] : []
      }),
    ),
  )
}

/** What a claim source contradicts in the case's own data about the series of a result, or null. */
export function contradictionOf({ kernel, cell }: Result, { caseContradictions }: Report): CaseContradiction | null {
  return caseContradictions.find(({ case: name, series }) => name === cell.case && series === kernel.series) ?? null
}

/** A contradiction in one text: what the two say, and where. */
export function contradictionWords({ summary, source }: CaseContradiction): string {
  return `${summary}; ${source}`
}

/** Host seconds of all attempts of a result. */
export function secondsOf({ attempts }: ReportCell): number {
  return attempts.reduce((sum, { seconds }) => sum + seconds, 0)
}

/** Upstream commits of a case, where they are known. */
export function commitsOf({ fixes }: ReportCase): string[] {
  return fixes.flatMap(({ commit }) => (commit === null || commit === 'unknown' ? [] : [commit]))
}
