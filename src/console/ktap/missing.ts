/** Results that never came: points made for them, so that a cut stream shows what it lacks. */
import type { TestPoint } from '#domain/tests.ts'
import type { NumberSet } from './numbers.ts'
import type { Room } from './room.ts'

/** Points made up for one document at most; a plan of a billion is answered with a number. */
const MAX_MADE = 1000

/** Points sorted at most. */
const MAX_SORTED = 10_000

const NOTHING: readonly [] = []

/** Missing results named in a message. */
const MAX_NAMED = 20

export interface Accounted {
  /** All points, the missing ones in their places; behind the others where those are many and came in no order. */
  readonly points: readonly TestPoint[]
  readonly missing: number
  /** How many there should be. */
  readonly expected: number
  /** Points of the missing ones: as many as there is room for. */
  readonly lost: readonly TestPoint[]
}

/**
 * Hold the results that came against those that are expected: from 1 to `expected`. `seen` are the numbers of all that came, kept
 * or not. `orphans` are points already known to be missing, numbered one after the other: their children came, their own result
 * did not. `room` is that of the stream for points made up. `came` is taken over: it can get longer.
 */
export function accountFor(
  came: TestPoint[],
  seen: NumberSet,
  orphans: readonly TestPoint[],
  expected: number,
  room: Room,
): Accounted {
  const lastOrphan = orphans.at(-1)?.number ?? 0
  const missing = expected - seen.countTo(expected) + Math.min(orphans.length, Math.max(0, lastOrphan - expected))
  if (missing === 0) return { points: orphans.length === 0 ? came : [...came, ...orphans], missing, expected, lost: NOTHING }
  const most = seen.isWhole ? Math.min(MAX_MADE, room.made) : 0
  const made = most === 0 ? NOTHING : makeUp(seen, orphans, expected, most)
  room.made -= made.length
  const lost = made.length === 0 ? orphans : [...orphans, ...made].toSorted((a, b) => a.number - b.number)
  return { points: inTheirPlaces(came, lost), missing, expected, lost }
}

/** Points for what is neither seen nor an orphan, at most so many. */
function makeUp(seen: NumberSet, orphans: readonly TestPoint[], expected: number, most: number): readonly TestPoint[] {
  const firstOrphan = orphans[0]?.number ?? Infinity
  const lastOrphan = firstOrphan + orphans.length - 1
  const made: TestPoint[] = []
  for (let number = 1; number <= expected && made.length < most; number += 1) {
    const isOrphan = number >= firstOrphan && number <= lastOrphan
    if (!isOrphan && !seen.has(number)) made.push(neverCame(number))
  }
  return made
}

/** What came, and between that what did not; both in the order of their numbers where the first is. */
function inTheirPlaces(came: TestPoint[], lost: readonly TestPoint[]): readonly TestPoint[] {
  if (lost.length === 0) return came
  if (came.length === 0) return lost
  const points: TestPoint[] = []
  let next = 0
  let last = -Infinity
  for (const point of came) {
    if (point.number < last) return sorted(came, lost)
    last = point.number
    while (next < lost.length && lost[next]!.number < last) points.push(lost[next++]!)
    points.push(point)
  }
  return [...points, ...lost.slice(next)]
}

/** Points by their numbers; one behind the other, in the same list, where sorting would take longer than reading them did. */
function sorted(came: TestPoint[], lost: readonly TestPoint[]): readonly TestPoint[] {
  if (came.length + lost.length <= MAX_SORTED) return [...came, ...lost].toSorted((a, b) => a.number - b.number)
  for (const point of lost) came.push(point)
  return came
}

/** The same for results that came one after the other from 1 on, fewer than were planned. */
export function accountForRest(came: readonly TestPoint[], planned: number, room: Room): Accounted {
  const missing = planned - came.length
  const made = Math.min(missing, MAX_MADE, room.made)
  room.made -= made
  const lost: TestPoint[] = []
  for (let number = came.length + 1; lost.length < made; number += 1) lost.push(neverCame(number))
  return { points: made === 0 ? came : [...came, ...lost], missing, expected: planned, lost }
}

function neverCame(number: number): TestPoint {
  return { number, name: '', status: 'not-reported', reason: '', diagnostics: NOTHING, children: NOTHING }
}

/** `2 of 5 results never came: 4, 5 "fork"`. */
export function wordsOf({ missing, expected, lost }: Accounted): string {
  const named = lost.slice(0, MAX_NAMED).map(nameOf)
  if (missing > named.length) named.push('...')
  return `${missing} of ${expected} results never came: ${named.join(', ')}`
}

/** Whether anything was reported: by the point itself or below it. */
export function wasSeen(point: TestPoint): boolean {
  return point.status !== 'not-reported' || point.children.some(wasSeen)
}

/** `3 "fork"`, or the number alone where the name never came. */
export function nameOf(point: TestPoint): string {
  return point.name === '' ? String(point.number) : `${point.number} ${JSON.stringify(point.name)}`
}
