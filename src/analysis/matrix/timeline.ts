/** Timelines: what all kernels of a branch say about a case, as intervals of one answer each. */
import type { Kernel, KnownKernel } from '#domain/kernel.ts'
import type { Timeline, TimelineInterval } from '#domain/report/matrix.ts'
import { answers, branchesOf, untestedOf, type CellVerdict, type Branch, type BranchKernel } from './branch.ts'

/** The timeline of every case in every branch of the run, in the order of the boundaries; `listing` as for those. */
export function timelinesOf(
  kernels: readonly Kernel[],
  cells: readonly CellVerdict[],
  listing: readonly KnownKernel[] | null = null,
): Timeline[] {
  return branchesOf(kernels, cells, listing).map(timelineOf)
}

function timelineOf({ case: theCase, series, flavour, arch, kernels, isListed }: Branch): Timeline {
  const intervals = intervalsOf(kernels)
  const [first, last] = [intervals[0]?.from ?? kernels.length, intervals.at(-1)?.to ?? kernels.length]
  return {
    case: theCase,
    series,
    flavour,
    arch,
    intervals: intervals.map(({ from, to, verdict }): TimelineInterval => {
      const inside = kernels.slice(from, to + 1)
      const tested = inside.filter(answers)
      return {
        verdict,
        first: inside[0]?.kernel.id ?? '',
        last: inside.at(-1)?.kernel.id ?? '',
        tested: tested.length,
        untested: isListed ? inside.filter((place) => !place.notOnMirror).length - tested.length : null,
      }
    }),
    earlier: kernels.slice(0, first).map(untestedOf),
    later: kernels.slice(last + 1).map(untestedOf),
    known: isListed ? kernels.filter(({ notOnMirror }) => !notOnMirror).length : null,
  }
}

/** Intervals of one answer, by index: from the first kernel that gives it to the last. */
function intervalsOf(kernels: readonly BranchKernel[]) {
  const intervals: { verdict: TimelineInterval['verdict']; from: number; to: number }[] = []
  for (const [index, { cell }] of kernels.entries()) {
    const verdict = cell?.verdict
    if (verdict !== 'carries' && verdict !== 'lacks') continue
    const last = intervals.at(-1)
    if (last?.verdict === verdict) last.to = index
    else intervals.push({ verdict, from: index, to: index })
  }
  return intervals
}
