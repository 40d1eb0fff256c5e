/** Results of a run that is under way, as reports/templates/live.js puts them into a page that is open. */
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { kernelLabels } from '../text/format.ts'
import { pageCellOf } from './evidence.ts'
import { cellOf, isWordy } from './page.ts'

/** The cells of part of a report, for the page of the whole one. */
export function liveResults(cells: readonly ReportCell[], whole: Pick<Report, 'kernels' | 'cases'>) {
  const labels = kernelLabels(whole.kernels)
  const label = (kernel: string): string => labels.get(kernel) ?? kernel
  const series = new Map(whole.kernels.map((kernel) => [kernel.id, kernel.series]))
  const wordy = isWordy(whole)
  return cells.map((cell) => ({
    kernel: cell.kernel,
    case: cell.case,
    ...cellOf(cell, { boundary: undefined, change: undefined, wordy, label }),
    cell: pageCellOf(cell, series.get(cell.kernel) ?? '', label),
  }))
}
