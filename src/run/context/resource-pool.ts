/** What this host has to give, handed out to the heaviest work first. */

/** So much of each kind: of cores and memory, of fetches at once. */
export type Amounts<K extends string> = Readonly<Record<K, number>>

export interface ResourcePool<K extends string> {
  readonly total: Amounts<K>
  /**
   * Run `work` while holding `want` (of each at most all there is). What waits starts by `weight`, the heaviest first, then
   * as it was asked for. Rejects with the signal's reason once it is aborted.
   */
  readonly hold: <T>(want: Amounts<K>, weight: number, work: () => Promise<T>) => Promise<T>
}

/** A pool of these amounts. Who does not fit yet is not passed by lighter ones that would: nobody waits for ever. */
export function createResourcePool<K extends string>(total: Amounts<K>, signal?: AbortSignal): ResourcePool<K> {
  const kinds = Object.keys(total) as K[]
  const free: Record<K, number> = { ...total }
  const queue: { readonly want: Amounts<K>; readonly weight: number; readonly start: () => void }[] = []

  function add(want: Amounts<K>, sign: 1 | -1): void {
    for (const kind of kinds) free[kind] += sign * want[kind]
  }

  function admit(): void {
    for (let first = queue[0]; first && kinds.every((kind) => first!.want[kind] <= free[kind]); first = queue[0]) {
      queue.shift()
      add(first.want, -1)
      first.start()
    }
  }

  return {
    total,
    hold: async (asked, weight, work) => {
      const want = Object.fromEntries(kinds.map((kind) => [kind, Math.min(asked[kind], total[kind])])) as Amounts<K>
      await new Promise<void>((start) => {
        const lighter = queue.findIndex((other) => other.weight < weight)
        queue.splice(lighter === -1 ? queue.length : lighter, 0, { want, weight, start })
        admit()
      })
      try {
        signal?.throwIfAborted()
        return await work()
      } finally {
        add(want, 1)
        admit()
      }
    },
  }
}
