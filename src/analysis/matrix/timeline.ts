/** Histories: what all kernels of a series say about a case, as stretches of one answer each. */
import type { Kernel, KnownKernel } from '#domain/kernel.ts'
import type { History, Stretch } from '#domain/report/matrix.ts'
import { answers, linesOf, untestedOf, type JudgedCell, type Line, type Place } from './branch.ts'

/** The history of every case in every line of the run, in the order of the boundaries; `listing` as for those. */
export function historiesOf(
  kernels: readonly Kernel[],
  cells: readonly JudgedCell[],
  listing: readonly KnownKernel[] | null = null,
): History[] {
  return linesOf(kernels, cells, listing).map(historyOf)
}

function historyOf({ case: theCase, series, flavour, arch, places, isListed }: Line): History {
  const stretches = stretchesOf(places)
  const [first, last] = [stretches[0]?.from ?? places.length, stretches.at(-1)?.to ?? places.length]
  return {
    case: theCase,
    series,
    flavour,
    arch,
    stretches: stretches.map(({ from, to, verdict }): Stretch => {
      const inside = places.slice(from, to + 1)
      const tested = inside.filter(answers)
      return {
        verdict,
        first: inside[0]?.kernel.id ?? '',
        last: inside.at(-1)?.kernel.id ?? '',
        tested: tested.length,
        untested: isListed ? inside.filter((place) => !place.gone).length - tested.length : null,
      }
    }),
    earlier: places.slice(0, first).map(untestedOf),
    later: places.slice(last + 1).map(untestedOf),
    known: isListed ? places.filter(({ gone }) => !gone).length : null,
  }
}

/** Rows of one answer, by index: from the first kernel that gives it to the last. */
function stretchesOf(places: readonly Place[]) {
  const stretches: { verdict: Stretch['verdict']; from: number; to: number }[] = []
  for (const [index, { cell }] of places.entries()) {
    const verdict = cell?.verdict
    if (verdict !== 'carries' && verdict !== 'lacks') continue
    const last = stretches.at(-1)
    if (last?.verdict === verdict) last.to = index
    else stretches.push({ verdict, from: index, to: index })
  }
  return stretches
}
