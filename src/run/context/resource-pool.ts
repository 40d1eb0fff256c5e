/** Resources of this host (vCPUs, memory, fetches), given to the heaviest work first. */

/** An amount of each kind of resource. */
export type Amounts<K extends string> = Readonly<Record<K, number>>

interface Waiting<K extends string> {
  readonly want: Amounts<K>
  readonly weight: number
  readonly start: () => void
}

/** A pool of these amounts. Lighter work that would fit does not pass heavier work that does not fit yet, so all of it starts. */
export class ResourcePool<K extends string> {
  readonly total: Amounts<K>
  readonly #kinds: readonly K[]
  readonly #free: Record<K, number>
  readonly #queue: Waiting<K>[] = []
  readonly #signal: AbortSignal | undefined

  constructor(total: Amounts<K>, signal?: AbortSignal) {
    this.total = total
    this.#kinds = Object.keys(total) as K[]
    this.#free = { ...total }
    this.#signal = signal
  }

  /**
   * Wait for these amounts (of each at most the total); disposing the returned object gives them back. Waiting work starts by
   * `weight`, the heaviest first, then in the order of its calls. Rejects with the signal's reason once it is aborted.
   */
  async acquire(wanted: Amounts<K>, weight: number): Promise<Disposable> {
    const want = Object.fromEntries(this.#kinds.map((kind) => [kind, Math.min(wanted[kind], this.total[kind])])) as Amounts<K>
    await new Promise<void>((start) => {
      const lighter = this.#queue.findIndex((other) => other.weight < weight)
      this.#queue.splice(lighter === -1 ? this.#queue.length : lighter, 0, { want, weight, start })
      this.#admit()
    })
    if (this.#signal?.aborted) {
      this.#release(want)
      throw this.#signal.reason
    }
    return { [Symbol.dispose]: () => this.#release(want) }
  }

  #release(amounts: Amounts<K>): void {
    for (const kind of this.#kinds) this.#free[kind] += amounts[kind]
    this.#admit()
  }

  #admit(): void {
    for (let first = this.#queue[0]; first && this.#fits(first.want); first = this.#queue[0]) {
      this.#queue.shift()
      for (const kind of this.#kinds) this.#free[kind] -= first.want[kind]
      first.start()
    }
  }

  #fits(want: Amounts<K>): boolean {
    return this.#kinds.every((kind) => want[kind] <= this.#free[kind])
  }
}
