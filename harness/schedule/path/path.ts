/** A path of instructions, and at which of them an actor is stopped on its way to a boundary. */

/** A place on a path: an instruction, and how far the stack has grown since the entry. */
export interface Point {
  readonly rip: bigint
  readonly depth: bigint
}

/**
 * The place before boundary k from which it takes the fewest stops to walk on, and how often the path comes to its
 * instruction until then. Place 0 is the entry, where the actor stands.
 */
function anchorOf(path: readonly Point[], k: number): { readonly index: number; readonly passes: number } {
  let best = { index: 0, passes: 0 }
  let stops = k
  const passes = new Map<bigint, number>()
  for (let index = 1; index <= k; index += 1) {
    const { rip } = path[index] as Point
    const own = (passes.get(rip) ?? 0) + 1
    passes.set(rip, own)
    // To pass an instruction again it takes a stop at the one behind it.
    const here = 2 * own - 1 + k - index
    if (rip === path[0]?.rip || here > stops) continue
    best = { index, passes: own }
    stops = here
  }
  return best
}

/** The places of the path at which the actor is stopped on its way to boundary k, in order. */
export function stopsTo(path: readonly Point[], k: number): number[] {
  const { index: anchor, passes } = anchorOf(path, k)
  const steps = Array.from({ length: k - anchor }, (_, step) => anchor + 1 + step)
  if (passes === 0) return steps
  const earlier = path.slice(1, anchor).flatMap(({ rip }, index) => (rip === path[anchor]?.rip ? [index + 1, index + 2] : []))
  return [...earlier, anchor, ...steps]
}

/** The last place up to boundary k in the own function of a path, which ends at `end`, that is passed for the first time. */
export function safeAnchor(path: readonly Point[], k: number, end: bigint): number {
  const start = path[0]?.rip ?? 0n
  for (let index = k; index > 0; index -= 1) {
    const { rip } = path[index] as Point
    const isFirst = path.findIndex((point) => point.rip === rip) === index
    if (rip > start && rip < end && isFirst) return index
  }
  return 0
}
