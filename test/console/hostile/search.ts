/** A search for the text that is read slowest, by what a measurement says of each. */
import { createRandom } from './random.ts'
import { mutated, plainShapes, randomShape, render, type Shape } from './shapes.ts'

export interface Found {
  readonly shape: Shape
  /** What `measure` said of it. */
  readonly speed: number
}

export interface SearchOptions {
  /** Speed of a text: the smaller, the worse. */
  readonly measure: (bytes: Uint8Array) => number
  readonly seed: number
  /** Whether there is time for another text. */
  readonly goesOn: () => boolean
  /** Bytes of each text. */
  readonly size: number
}

/** Worst shapes kept, and changed in search of worse ones. */
const MAX_KEPT = 24

/**
 * Measure every plain shape, then random ones and changed ones of the worst so far for as long as `goesOn`.
 * Returns the worst, the slowest first, and how many were measured.
 */
export function searchSlowest({ measure, seed, goesOn, size }: SearchOptions): { found: readonly Found[]; measured: number } {
  const random = createRandom(seed)
  let found: Found[] = []
  let measured = 0

  function look(shape: Shape): void {
    const bytes = render(shape, size)
    measured += 1
    let speed = measure(bytes)
    const limit = found.length < MAX_KEPT ? Infinity : found.at(-1)!.speed
    // Slow once is chance, slow twice is the text.
    if (speed < limit) speed = Math.max(speed, measure(bytes))
    if (speed >= limit) return
    found = [...found, { shape, speed }].toSorted((a, b) => a.speed - b.speed).slice(0, MAX_KEPT)
  }

  for (const shape of plainShapes()) look(shape)
  while (goesOn()) {
    const change = found.length > 0 && random.below(3) > 0
    look(change ? mutated(random.pick(found).shape, random.pick(found).shape, random) : randomShape(random))
  }
  return { found, measured }
}
