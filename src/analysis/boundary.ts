/** Boundaries: where, inside a series, the answer changes. */
import type { Verdict } from '../domain/judgement.ts'
import type { Kernel } from '../domain/kernel.ts'
import type { Boundary } from '../domain/report.ts'
import { compareKernels, compareText } from './matrix.ts'

/** A boundary before a changelog is held beside it. */
export type Flip = Omit<Boundary, 'entries'>

interface JudgedCell {
  readonly kernel: string
  readonly case: string
  readonly verdict: Verdict
}

/**
 * The neighbouring tested kernels between which a verdict flips between carries and lacks, by case and then in kernel order.
 * Any other verdict is no answer, so such a kernel counts as not tested and the boundary spans it. Flavours and architectures are
 * followed apart: a flip between two flavours of one version is a difference of configuration, not the place where a fix came in.
 */
export function boundariesOf(kernels: readonly Kernel[], cells: readonly JudgedCell[]): Flip[] {
  const lines = Map.groupBy(kernels.toSorted(compareKernels), (kernel) => [kernel.series, kernel.arch, kernel.flavour].join('/'))
  const cases = [...Map.groupBy(cells, (cell) => cell.case)].toSorted(([a], [b]) => compareText(a, b))
  return cases.flatMap(([name, column]) => {
    const verdicts = new Map(column.map((cell) => [cell.kernel, cell.verdict]))
    return [...lines.values()].flatMap((line) => flipsAlong(line, verdicts).map((flip) => ({ case: name, ...flip })))
  })
}

/** The flips along one line of kernels in version order. */
function flipsAlong(line: readonly Kernel[], verdicts: ReadonlyMap<string, Verdict>): Omit<Flip, 'case'>[] {
  const tested = line.flatMap((kernel) => {
    const verdict = verdicts.get(kernel.id)
    return verdict === 'carries' || verdict === 'lacks' ? [{ kernel, verdict }] : []
  })
  return tested.flatMap((after, index) => {
    const before = tested[index - 1]
    if (!before || before.verdict === after.verdict) return []
    return [{
      series: after.kernel.series,
      before: before.kernel.id,
      after: after.kernel.id,
      from: before.verdict,
      to: after.verdict
    }]
  })
}
