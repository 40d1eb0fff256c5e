/** Results that never came: points made for them, so that a cut stream shows what it lacks. */
import type { TestPoint } from '#domain/tests.ts'
import type { NumberSet } from './numbers.ts'
import type { Room } from './room.ts'

/** Points made up for one document at most; a plan of a billion is answered with a number. */
const MAX_MADE = 1000

/** Missing results named in a message. */
const MAX_NAMED = 20

export interface Accounted {
  /** All points, the missing ones in their places. */
  readonly points: readonly TestPoint[]
  readonly missing: number
  /** `2 of 5 results never came: 4, 5 "fork"`; empty when all came. */
  readonly message: () => string
}

/**
 * Hold the results that came against the plan, or against the highest number where there is no plan.
 * `orphans` are points already known to be missing: their children came, their own result did not. `unlisted` are the numbers
 * of results that came and were not kept; `room` is that of the stream for points made up.
 */
export function accountFor(
  came: readonly TestPoint[],
  orphans: readonly TestPoint[],
  planned: number | null,
  unlisted: NumberSet,
  room: Room,
): Accounted {
  const known = orphans.length === 0 ? came : [...came, ...orphans]
  const expected = planned ?? known.reduce((highest, { number }) => Math.max(highest, number), unlisted.max)
  const seen = unlisted
  for (const { number } of came) seen.add(number)
  const missing = expected - seen.countTo(expected) + orphans.filter(({ number }) => number > expected).length
  if (missing === 0) return { points: known, missing, message: () => '' }

  const taken = new Set(known.map(({ number }) => number))
  const made: TestPoint[] = []
  const most = seen.isWhole ? Math.min(MAX_MADE, room.made) : 0
  for (let number = 1; number <= expected && made.length < most; number += 1) {
    if (!taken.has(number) && !seen.has(number))
      made.push({ number, name: '', status: 'not-reported', reason: '', diagnostics: [], children: [] })
  }
  room.made -= made.length
  const points = [...known, ...made].toSorted((a, b) => a.number - b.number)
  const message = () => {
    const named = [...orphans, ...made]
      .toSorted((a, b) => a.number - b.number)
      .slice(0, MAX_NAMED)
      .map(nameOf)
    if (missing > named.length) named.push('...')
    return `${missing} of ${expected} results never came: ${named.join(', ')}`
  }
  return { points, missing, message }
}

/** Whether anything was reported: by the point itself or below it. */
export function wasSeen(point: TestPoint): boolean {
  return point.status !== 'not-reported' || point.children.some(wasSeen)
}

/** `3 "fork"`, or the number alone where the name never came. */
export function nameOf(point: TestPoint): string {
  return point.name === '' ? String(point.number) : `${point.number} ${JSON.stringify(point.name)}`
}
