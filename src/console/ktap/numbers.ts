/** The numbers of results: those of one document as TAP 14 counts them, in little memory while they come in order. */

/** A set of numbers from 1 on that holds a long run from 1 as one number. */
export class NumberSet {
  #upTo = 0
  readonly #others = new Set<number>()

  has(number: number): boolean {
    return (number >= 1 && number <= this.#upTo) || this.#others.has(number)
  }

  add(number: number): void {
    if (number !== this.#upTo + 1) {
      if (!this.has(number)) this.#others.add(number)
      return
    }
    this.#upTo = number
    while (this.#others.delete(this.#upTo + 1)) this.#upTo += 1
  }

  /** The highest, or 0. */
  get max(): number {
    let max = this.#upTo
    for (const number of this.#others) max = Math.max(max, number)
    return max
  }

  /** How many are at least 1 and at most `last`. */
  countTo(last: number): number {
    let count = Math.min(this.#upTo, Math.max(0, last))
    for (const number of this.#others) if (number >= 1 && number <= last) count += 1
    return count
  }
}

export interface Numbering {
  /** Number of the next result: its own, or its place where it has none. `problem` says what is wrong with its own, else null. */
  next(own: number | null): { readonly number: number; readonly problem: string | null }
}

/** Number the results of one document by the rules of TAP 14; `planned` is its plan, if it has one. */
export function createNumbering(planned: number | null): Numbering {
  const seen = new NumberSet()
  let place = 0
  return {
    next(own) {
      place += 1
      if (own === null) return { number: place, problem: null }
      let problem: string | null = null
      if (planned !== null && planned > 0 && own < 1) problem = 'id less than plan start'
      if (planned !== null && planned > 0 && own > planned) problem = 'id greater than plan end'
      if (seen.has(own)) problem = `test point id ${own} appears multiple times`
      seen.add(own)
      return { number: own === 0 ? place : own, problem }
    },
  }
}
