/** The cores at hand, handed out in the order they are asked for. */

export interface Slots {
  /** Run `work` while holding `count` cores (at most all there are). Rejects with the signal's reason once it is aborted. */
  readonly hold: <T>(count: number, work: () => Promise<T>) => Promise<T>
  readonly total: number
}

/** A pool of `total` cores. First come, first served: a task that wants all of them is not passed by small ones. */
export function createSlots(total: number, signal?: AbortSignal): Slots {
  let free = total
  const queue: { readonly count: number; readonly start: () => void }[] = []

  function admit(): void {
    for (let first = queue[0]; first && first.count <= free; first = queue[0]) {
      queue.shift()
      free -= first.count
      first.start()
    }
  }

  return {
    total,
    hold: async (count, work) => {
      const held = Math.min(count, total)
      await new Promise<void>((start) => {
        queue.push({ count: held, start })
        admit()
      })
      try {
        signal?.throwIfAborted()
        return await work()
      } finally {
        free += held
        admit()
      }
    },
  }
}
