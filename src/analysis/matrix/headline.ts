/** Headlines: cells of one kind grouped by case and series, so that a thousand kernels still read as a few lines. */
import type { CheckedHost } from '#domain/report/host.ts'
import type { Contradiction, Report, ReportCell } from '#domain/report/matrix.ts'

/** The part of a report that headlines need. */
export type Headlined = Pick<Report, 'kernels' | 'cases' | 'cells'>

export interface Headline {
  readonly case: string
  readonly series: string
  /** Its cells in version order; never empty. */
  readonly cells: readonly ReportCell[]
}

/** Group the cells that a predicate selects, by case and then series, in the report's order. */
export function headlinesOf(report: Headlined, picks: (cell: ReportCell) => boolean): Headline[] {
  const series = new Map(report.kernels.map((kernel) => [kernel.id, kernel.series]))
  const byCase = Map.groupBy(report.cells.filter(picks), (cell) => cell.case)
  return report.cases.flatMap(({ id }) => {
    const bySeries = Map.groupBy(byCase.get(id) ?? [], (cell) => series.get(cell.kernel) ?? '')
    return [...bySeries].map(([name, cells]) => ({ case: id, series: name, cells }))
  })
}

/** The findings that contradict the claim sources, worst first. */
export const CONTRADICTIONS: readonly Contradiction['finding'][] = ['listed-still-affected', 'fixed-not-listed']

/** The machines of a check that gave no answer, so that no row of the matrix is theirs. */
export function silentHosts({ hosts = [] }: Pick<Report, 'hosts'>): readonly CheckedHost[] {
  return hosts.filter(({ outcome }) => outcome !== 'checked')
}

/** All contradictions of the claim sources, each cell with the claim about it. */
export function contradictionsOf(report: Headlined): Contradiction[] {
  return CONTRADICTIONS.flatMap((finding) =>
    headlinesOf(report, (cell) => cell.finding === finding).map(({ case: name, series, cells }) => ({
      finding,
      case: name,
      series,
      cells: cells.map(({ kernel, claimSource }) => ({ kernel, claimSource })),
    })),
  )
}
