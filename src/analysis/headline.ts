/** Headlines: cells of one kind gathered by case and series, so that a thousand kernels still read as a few lines. */
import type { Report, ReportCell } from '../domain/report.ts'

export interface Headline {
  readonly case: string
  readonly series: string
  /** The cells it gathers, in version order; never empty. */
  readonly cells: readonly ReportCell[]
}

/** Gather the cells that a predicate picks, by case and then series, in the report's order. */
export function headlinesOf(report: Report, picks: (cell: ReportCell) => boolean): Headline[] {
  const series = new Map(report.kernels.map((kernel) => [kernel.id, kernel.series]))
  const byCase = Map.groupBy(report.cells.filter(picks), (cell) => cell.case)
  return report.cases.flatMap(({ id }) => {
    const bySeries = Map.groupBy(byCase.get(id) ?? [], (cell) => series.get(cell.kernel) ?? '')
    return [...bySeries].map(([name, cells]) => ({ case: id, series: name, cells }))
  })
}
