/** Boundaries: where the answer changes inside a series. */
import type { Kernel, KnownKernel } from '#domain/kernel.ts'
import type { Boundary } from '#domain/report/matrix.ts'
import { bisectLines } from './bisect-commands.ts'
import { answers, branchesOf, untestedOf, type CellVerdict, type Branch } from './branch.ts'

/** A boundary without its changelog entries. */
export type BareBoundary = Omit<Boundary, 'entries'>

/**
 * The consecutive tested kernels whose verdicts change between carries and lacks, by case and then in kernel order. A kernel
 * with another verdict counts as not tested, and the boundary spans it. `listing` holds the provider's kernels when the run was
 * planned; null when the run did not store them: then no boundary is `adjacent`.
 */
export function boundariesOf(
  kernels: readonly Kernel[],
  cells: readonly CellVerdict[],
  listing: readonly KnownKernel[] | null = null,
): BareBoundary[] {
  return branchesOf(kernels, cells, listing).flatMap(boundariesAlong)
}

/** The boundaries along one branch. */
function boundariesAlong({ case: theCase, series, kernels, isListed }: Branch): BareBoundary[] {
  const tested = kernels.flatMap((place, index) => (answers(place) ? [{ place, index }] : []))
  return tested.flatMap((after, number) => {
    const before = tested[number - 1]
    const [from, to] = [before?.place.cell, after.place.cell]
    if (!before || !from || !to || from.verdict === to.verdict) return []
    const between = kernels.slice(before.index + 1, after.index).map(untestedOf)
    // Nobody can test a kernel that has left the mirror, or to which the case does not apply.
    const isOpen = between.some(({ reason }) => reason !== 'not-on-mirror' && reason !== 'not-applicable')
    const boundary = { before: before.place.kernel, after: after.place.kernel, cameIn: to.verdict === 'carries' }
    return [
      {
        case: theCase,
        series,
        before: before.place.kernel.id,
        after: after.place.kernel.id,
        from: from.verdict,
        to: to.verdict,
        untested: isListed ? between : null,
        precision: isListed && !isOpen ? 'adjacent' : 'untested-between',
        missProbability: [from, to].find(({ verdict }) => verdict === 'carries')?.missProbability ?? null,
        bisect: bisectLines({ case: theCase, ...boundary }),
      },
    ]
  })
}
