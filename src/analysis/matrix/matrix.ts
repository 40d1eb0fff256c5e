/** The matrix: kernels down in series and version order, cases across, one cell where they meet. */
import type { Kernel } from '#domain/kernel.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Report, ReportCase, ReportCell, ReportKernel } from '#domain/report/matrix.ts'
import { compareSeries, compareVersions } from '#domain/version.ts'

export interface SeriesRows {
  readonly name: string
  /** In version order. */
  readonly kernels: readonly ReportKernel[]
}

export interface Matrix {
  readonly series: readonly SeriesRows[]
  readonly cases: readonly ReportCase[]
  /** The cell of a kernel and a case, undefined where the plan had none. */
  readonly cellAt: (kernel: string, theCase: string) => ReportCell | undefined
}

/** Every verdict, in the order of counts and legends. */
export const VERDICTS: readonly Verdict[] = ['carries', 'lacks', 'inconclusive', 'not-applicable', 'error', 'no-result']

/** The matrix of a report. */
export function matrixOf(report: Pick<Report, 'kernels' | 'cases' | 'cells'>): Matrix {
  const cells = new Map<string, Map<string, ReportCell>>()
  for (const cell of report.cells) {
    const row = cells.get(cell.kernel)
    if (row) row.set(cell.case, cell)
    else cells.set(cell.kernel, new Map([[cell.case, cell]]))
  }
  const series = Map.groupBy(report.kernels.toSorted(compareKernels), (kernel) => kernel.series)
  return {
    series: [...series].map(([name, kernels]) => ({ name, kernels })),
    cases: report.cases.toSorted((a, b) => compareText(a.id, b.id)),
    cellAt: (kernel, theCase) => cells.get(kernel)?.get(theCase),
  }
}

/** Order of two kernels: series, version, provider, build, then id, so that it is total and the same everywhere. */
export function compareKernels(left: Kernel, right: Kernel): number {
  return (
    compareSeries(left.series, right.series) ||
    compareVersions(left.version, right.version) ||
    // A shipped kernel comes before one built from the same source, because a content hash has no order.
    compareText(left.provider, right.provider) ||
    compareBuilds(left.build, right.build) ||
    compareText(left.id, right.id)
  )
}

/** The number of cells with each verdict, including zeros. */
export function countVerdicts(cells: readonly { readonly verdict: Verdict }[]): Record<Verdict, number> {
  const counts: Record<Verdict, number> = {
    carries: 0,
    lacks: 0,
    inconclusive: 0,
    'not-applicable': 0,
    error: 0,
    'no-result': 0,
  }
  for (const cell of cells) counts[cell.verdict] += 1
  return counts
}

/** Order of two texts by code unit, because a locale must not change the bytes of a report. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** Order of two builds of one version: numbers inside compare as numbers, so that -10 comes after -9. */
function compareBuilds(left: string, right: string): number {
  const a = left.match(/\d+|\D+/g) ?? []
  const b = right.match(/\d+|\D+/g) ?? []
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x = '', y = ''] = [a[index], b[index]]
    const order = Number(x) - Number(y) || compareText(x, y)
    if (order) return order
  }
  return a.length - b.length
}
