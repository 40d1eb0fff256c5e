/** A search for the text that is read slowest, by what measurements say of each. */
import { createRandom } from './random.ts'
import { mutated, plainShapes, randomShape, render, type Shape } from './shapes.ts'

export interface Found {
  readonly shape: Shape
  /** What `measure` said of it. */
  readonly speed: number
}

export interface SearchOptions {
  /** Speed of a text at a glance: the smaller, the worse. */
  readonly glance: (bytes: Uint8Array) => number
  /** The same for sure, of the few that are slow at a glance. */
  readonly measure: (bytes: Uint8Array) => number
  readonly seed: number
  /** What part of the time is over, from 0 on; the search ends at 1. */
  readonly elapsed: () => number
  /** Bytes of each text. */
  readonly size: number
}

/** Worst shapes kept, and changed in search of worse ones. */
const MAX_KEPT = 24

/**
 * Measure plain shapes in the order of the seed for half of the time, then random ones and changed ones of the worst so far.
 * Returns the worst, the slowest first, and how many were measured.
 */
export function searchSlowest({ glance, measure, seed, elapsed, size }: SearchOptions): {
  readonly found: readonly Found[]
  readonly measured: number
} {
  const random = createRandom(seed)
  let found: Found[] = []
  let measured = 0

  function look(shape: Shape): void {
    const bytes = render(shape, size)
    measured += 1
    const limit = found.length < MAX_KEPT ? Infinity : found.at(-1)!.speed
    if (glance(bytes) >= limit) return
    const speed = measure(bytes)
    if (speed >= limit) return
    found = [...found, { shape, speed }].toSorted((a, b) => a.speed - b.speed).slice(0, MAX_KEPT)
  }

  const plain = [...plainShapes()]
  while (plain.length > 0 && elapsed() < 0.5) {
    const at = random.below(plain.length)
    look(plain[at]!)
    plain[at] = plain.at(-1)!
    plain.pop()
  }
  while (elapsed() < 1) {
    const change = found.length > 0 && random.below(3) > 0
    look(change ? mutated(random.pick(found).shape, random.pick(found).shape, random) : randomShape(random))
  }
  return { found, measured }
}
