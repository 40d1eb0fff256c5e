/** The data behind the matrix that the page shows for an opened cell, in the order of the matrix. */
import { matrixOf } from '#analysis/matrix/matrix.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Boundary, Report, ReportCase, ReportCell, ReportKernel } from '#domain/report/matrix.ts'
import { type RaceText, raceText } from '../text/race.ts'
import { kernelLabels } from '../text/format.ts'
import { FINDING_LABELS, VERDICT_LABELS, type VerdictLabel } from '../text/labels.ts'

export interface PageEvidence {
  readonly words: { readonly verdicts: Readonly<Record<Verdict, VerdictLabel>>; readonly findings: typeof FINDING_LABELS }
  readonly kernels: readonly ReportKernel[]
  readonly cases: readonly ReportCase[]
  readonly boundaries: readonly Omit<Boundary, 'entries'>[]
  /** A row per kernel, a cell per case, by position; null where the run has no cell. */
  readonly rows: readonly (readonly (PageCell | null)[])[]
}

/** A cell with the text of its race. */
export type PageCell = Omit<ReportCell, 'kernel' | 'case' | 'race'> & { readonly race: RaceText | null }

/** The evidence of a report for the page's script: rows and columns as in the table. */
export function evidenceOf(report: Report): PageEvidence {
  const { series, cases, cellAt } = matrixOf(report)
  const kernels = series.flatMap((rows) => rows.kernels)
  const labels = kernelLabels(kernels)
  const label = (kernel: string) => labels.get(kernel) ?? kernel
  return {
    words: { verdicts: VERDICT_LABELS, findings: FINDING_LABELS },
    kernels,
    cases,
    boundaries: report.boundaries.map(({ entries: _beside, ...boundary }) => boundary),
    rows: kernels.map((kernel) =>
      cases.map((theCase) => {
        const cell = cellAt(kernel.id, theCase.id)
        return cell ? pageCellOf(cell, kernel.series, label) : null
      }),
    ),
  }
}

/** What the panel shows of a cell. */
export function pageCellOf(cell: ReportCell, series: string, label: (kernel: string) => string): PageCell {
  const { kernel: _row, case: _column, ...shown } = cell
  return { ...shown, race: raceText(cell, series, label) }
}
