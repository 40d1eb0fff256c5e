/** Machines in use beside the nearest Debian kernel that a stored run has tested: both answers of each case. */
import type { CheckedHost, NearestKernel } from '#domain/report/host.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Report } from '#domain/report/matrix.ts'

/** The answers to one case. */
interface NeighbourRow {
  readonly case: string
  /** On the machine. */
  readonly here: Verdict
  /** On the Debian kernel. */
  readonly there: Verdict
  readonly differs: boolean
}

/** A machine and its neighbour. */
export interface Neighbours {
  readonly host: string
  readonly version: string
  readonly nearest: NearestKernel
  /** Whether both kernels are one build, by their versions. */
  readonly isSame: boolean
  /** Cases that both have an answer to, in the order of the report. */
  readonly rows: readonly NeighbourRow[]
}

/** The machines of a report, each with the cases in which its neighbour answers otherwise. */
export function markDifferences(
  report: Pick<Report, 'kernels' | 'cases' | 'cells'> & { readonly hosts: readonly CheckedHost[] },
): CheckedHost[] {
  const found = new Map(neighboursOf(report).map(({ host, rows }) => [host, rows]))
  return report.hosts.map((one) => {
    if (one.nearest === null) return one
    const differs = (found.get(one.host) ?? []).filter((row) => row.differs).map((row) => row.case)
    return { ...one, nearest: { ...one.nearest, differs } }
  })
}

/** The machines of a report that have a neighbour, in its order. */
export function neighboursOf({
  hosts = [],
  kernels,
  cases,
  cells,
}: Pick<Report, 'hosts' | 'kernels' | 'cases' | 'cells'>): Neighbours[] {
  const byKernel = Map.groupBy(cells, ({ kernel }) => kernel)
  return hosts.flatMap(({ host, kernel: id, nearest }) => {
    const kernel = kernels.find((one) => one.id === id)
    if (kernel === undefined || nearest === null) return []
    const own = new Map((byKernel.get(kernel.id) ?? []).map((cell) => [cell.case, cell.verdict]))
    const rows = cases.flatMap((one): NeighbourRow[] => {
      const here = own.get(one.id)
      const there = Object.hasOwn(nearest.verdicts, one.id) ? nearest.verdicts[one.id] : undefined
      return here === undefined || there === undefined ? [] : [{ case: one.id, here, there, differs: here !== there }]
    })
    return [{ host, version: kernel.version, nearest, isSame: nearest.kernel.includes(`-${kernel.build}-`), rows }]
  })
}
