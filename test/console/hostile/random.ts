/** Random numbers from a seed, so that a search can be made again. */

export interface Random {
  /** An integer from 0 up to, without, `end`. */
  below(end: number): number
  pick<T>(list: readonly T[]): T
}

/** A generator (mulberry32): the same seed, the same numbers. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  function below(end: number): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
  }
  return { below, pick: (list) => list[below(list.length)]! }
}
