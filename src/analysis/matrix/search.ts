/**
 * The search for the places where the answer changes along a line of kernels: which to ask next, from the answers so far alone.
 * Both ends come first, then halves of what differs. Kernels without an answer are walked around.
 */
import type { Verdict } from '#domain/judgement.ts'

/** The verdicts of a line so far, by index. */
export type Answers = ReadonlyMap<number, Verdict>

/** A kernel that said something for itself. */
interface Told {
  readonly index: number
  readonly verdict: Verdict
}

/** Nothing can be told from these: neighbours are asked instead. All others, `not-applicable` too, are held to change seldom. */
const SILENT: readonly Verdict[] = ['error', 'no-result']

/**
 * The kernels (indices below `count`, in version order) to ask next, all at once; none when the search is over. `claimed` is the
 * first that the paperwork says carries, or null: a place to look at early, and nothing more.
 *
 * What it finds: where the verdicts of the two ends differ, two neighbours that differ, each with one of them or a third between.
 * Where the ends are alike, the kernel in the middle and those beside `claimed` are asked too, and differences to those followed.
 * Not found is what comes and goes between two kernels that were asked and are alike. Between `carries` and `lacks` every kernel
 * is asked at the end.
 */
export function nextProbes(count: number, answers: Answers, claimed: number | null = null): number[] {
  const wanted = new Set<number>()
  const besideClaimed = claimed === null ? [] : [claimed - 1, claimed]

  /** The first of these places that says something; undefined while one before it is still to be asked, null when none does. */
  function told(places: Iterable<number>): Told | null | undefined {
    for (const index of places) {
      const verdict = answers.get(index)
      if (verdict === undefined) {
        wanted.add(index)
        return undefined
      }
      if (!SILENT.includes(verdict)) return { index, verdict }
    }
    return null
  }

  /** Follow the differences between two kernels that said something. */
  function narrow(left: Told, right: Told): void {
    if (left.verdict === right.verdict || right.index - left.index < 2) return
    const isInside = (place: number) => place > left.index && place < right.index
    const inside = besideClaimed.find((place) => isInside(place) && !SILENT.includes(answers.get(place) ?? 'carries'))
    const middle = told(around(inside ?? (left.index + right.index) >> 1, left.index, right.index))
    if (!middle) return
    narrow(left, middle)
    narrow(middle, right)
  }

  const [first, last] = [told(range(0, count)), told(range(0, count).toReversed())]
  if (!first || !last || first.index === last.index) return [...wanted]
  if (first.verdict !== last.verdict) narrow(first, last)
  else {
    const looks = [...new Set([(first.index + last.index) >> 1, ...besideClaimed])]
    const found = looks.flatMap((index) => {
      const isInside = index > first.index && index < last.index
      return (isInside && told(around(index, first.index, last.index))) || []
    })
    const points = [first, ...found.toSorted((a, b) => a.index - b.index), last]
    points.slice(1).forEach((right, index) => narrow(points[index] ?? first, right))
  }
  return wanted.size > 0 ? [...wanted] : unasked(count, answers)
}

/** What was not asked between a kernel that carries and one that lacks, with no such answer between them. */
function unasked(count: number, answers: Answers): number[] {
  const said = range(0, count).flatMap((index) => {
    const verdict = answers.get(index)
    return verdict === 'carries' || verdict === 'lacks' ? [{ index, verdict }] : []
  })
  return said.slice(1).flatMap((right, number) => {
    const left = said[number]
    if (!left || left.verdict === right.verdict) return []
    return range(left.index + 1, right.index).filter((index) => !answers.has(index))
  })
}

/** Places from the middle outwards, between two that are left out. */
function around(middle: number, left: number, right: number): number[] {
  return range(left + 1, right).toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle) || b - a)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}
