/**
 * The search for the places where the answer changes along a branch of kernels: it chooses the next kernels from the answers so
 * far. Both ends come first, then halves of what differs. It passes over kernels without an answer.
 */
import type { Verdict } from '#domain/judgement.ts'

/** The verdicts of a branch so far, by index. */
export type Answers = ReadonlyMap<number, Verdict>

/** A kernel with an answer. */
interface Answered {
  readonly index: number
  readonly verdict: Verdict
}

/** Verdicts without an answer: the search tests adjacent kernels instead. It assumes that all others change rarely. */
const NO_ANSWERS: readonly Verdict[] = ['error', 'no-result']

/**
 * The kernels (indices below `count`, in version order) to test next, all at once; empty when the search is over. `claimed` is
 * the first kernel that the claim sources list as fixed, or null: a place to test early, nothing more.
 *
 * Where the ends differ, it finds two adjacent kernels that differ. Where the ends agree, it also tests the middle and the
 * kernels beside `claimed`, and follows differences to those. It does not find a change that comes and goes between two tested
 * kernels that agree. At the end it tests every kernel between `carries` and `lacks`.
 */
export function nextProbes(count: number, answers: Answers, claimed: number | null = null): number[] {
  const wanted = new Set<number>()
  const besideClaimed = claimed === null ? [] : [claimed - 1, claimed]

  /** The first of these kernels with an answer; undefined while one before it is not tested yet, null without an answer. */
  function firstAnswer(places: Iterable<number>): Answered | null | undefined {
    for (const index of places) {
      const verdict = answers.get(index)
      if (verdict === undefined) {
        wanted.add(index)
        return undefined
      }
      if (!NO_ANSWERS.includes(verdict)) return { index, verdict }
    }
    return null
  }

  /** Follow the differences between two kernels with answers. */
  function narrow(left: Answered, right: Answered): void {
    if (left.verdict === right.verdict || right.index - left.index < 2) return
    const isInside = (place: number) => place > left.index && place < right.index
    const inside = besideClaimed.find((place) => isInside(place) && !NO_ANSWERS.includes(answers.get(place) ?? 'carries'))
    const middle = firstAnswer(around(inside ?? (left.index + right.index) >> 1, left.index, right.index))
    if (!middle) return
    narrow(left, middle)
    narrow(middle, right)
  }

  const [first, last] = [firstAnswer(range(0, count)), firstAnswer(range(0, count).toReversed())]
  if (!first || !last || first.index === last.index) return [...wanted]
  if (first.verdict !== last.verdict) narrow(first, last)
  else {
    const looks = [...new Set([(first.index + last.index) >> 1, ...besideClaimed])]
    const found = looks.flatMap((index) => {
      const isInside = index > first.index && index < last.index
      return (isInside && firstAnswer(around(index, first.index, last.index))) || []
    })
    const points = [first, ...found.toSorted((a, b) => a.index - b.index), last]
    points.slice(1).forEach((right, index) => narrow(points[index] ?? first, right))
  }
  return wanted.size > 0 ? [...wanted] : untestedBetween(count, answers)
}

/** The untested kernels between consecutive answers `carries` and `lacks`. */
function untestedBetween(count: number, answers: Answers): number[] {
  const known = range(0, count).flatMap((index) => {
    const verdict = answers.get(index)
    return verdict === 'carries' || verdict === 'lacks' ? [{ index, verdict }] : []
  })
  return known.slice(1).flatMap((right, number) => {
    const left = known[number]
    if (!left || left.verdict === right.verdict) return []
    return range(left.index + 1, right.index).filter((index) => !answers.has(index))
  })
}

/** Indices from the middle outwards, strictly between left and right. */
function around(middle: number, left: number, right: number): number[] {
  return range(left + 1, right).toSorted((a, b) => Math.abs(a - middle) - Math.abs(b - middle) || b - a)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}
