/** The numbers of results: those of one document as TAP 14 counts them, in little memory while they come in order. */

/** Runs and single numbers held; of a stream that scatters its numbers further the rest is counted. */
const MAX_HELD = 200_000

/** A set of integers: runs that came in rising order, and what came out of order. */
export class NumberSet {
  /** The last run: no number is greater than its end. */
  #first = Infinity
  #last = -Infinity
  /** The runs before it, in rising order; null while there is none. */
  #starts: number[] | null = null
  #ends: number[] | null = null
  /** Null while all came in order. */
  #others: Set<number> | null = null
  /** Numbers that were added and are not held; they count as if they were all different. */
  #uncounted = 0

  /** A set of the numbers from 1 to `last`. */
  constructor(last = 0) {
    if (last === 0) return
    this.#first = 1
    this.#last = last
  }

  has(number: number): boolean {
    if (number > this.#last) return false
    if (number >= this.#first || this.#others?.has(number)) return true
    if (this.#starts === null || this.#ends === null) return false
    // The numbers that come again most often are the lowest.
    if (number <= this.#ends[0]! && number >= this.#starts[0]!) return true
    // The first run whose end is not below the number.
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#ends[middle]! < number) low = middle + 1
      else high = middle
    }
    return low < this.#starts.length && this.#starts[low]! <= number
  }

  add(number: number): void {
    if (number === this.#last + 1) this.#last = number
    else if (number <= this.#last) {
      if (!this.has(number) && !this.#isFull()) (this.#others ??= new Set()).add(number)
    } else if (this.#last === -Infinity || !this.#isFull()) {
      if (this.#last !== -Infinity) {
        ;(this.#starts ??= []).push(this.#first)
        ;(this.#ends ??= []).push(this.#last)
      }
      this.#first = number
      this.#last = number
    }
  }

  /** Add what is in another set, which is in little time where that goes on behind this one. */
  addAll(other: NumberSet): void {
    const runs = other.#starts?.length ?? 0
    for (let index = 0; index < runs; index += 1) this.#addRun(other.#starts![index]!, other.#ends![index]!)
    if (other.#last !== -Infinity) this.#addRun(other.#first, other.#last)
    if (other.#others !== null) for (const number of other.#others) this.add(number)
    this.#uncounted += other.#uncounted
  }

  #addRun(first: number, last: number): void {
    if (first > this.#last) {
      this.add(first)
      if (this.#last === first) this.#last = last
      else for (let number = first + 1; number <= last; number += 1) this.add(number)
    } else for (let number = first; number <= last; number += 1) this.add(number)
  }

  #isFull(): boolean {
    const isFull = (this.#starts?.length ?? 0) + (this.#others?.size ?? 0) >= MAX_HELD
    if (isFull) this.#uncounted += 1
    return isFull
  }

  /** Whether these are the numbers from `first` to `last` and came in order. */
  isRun(first: number, last: number): boolean {
    return this.#first === first && this.#last === last && this.#starts === null && this.#others === null && this.isWhole
  }

  /** Whether `has` knows all numbers that were added. */
  get isWhole(): boolean {
    return this.#uncounted === 0
  }

  /** The highest, or 0. */
  get max(): number {
    return Math.max(0, this.#last)
  }

  /** How many are at least 1 and at most `last`. */
  countTo(last: number): number {
    let count = this.#uncounted + countOfRun(this.#first, this.#last, last)
    const runs = this.#starts?.length ?? 0
    for (let index = 0; index < runs; index += 1) count += countOfRun(this.#starts![index]!, this.#ends![index]!, last)
    if (this.#others !== null) for (const number of this.#others) if (number >= 1 && number <= last) count += 1
    return count
  }
}

/** How many numbers from `start` to `end` are at least 1 and at most `last`. */
function countOfRun(start: number, end: number, last: number): number {
  return Math.max(0, Math.min(end, last) - Math.max(start, 1) + 1)
}

/** What is wrong with the number of a result. */
export type BadNumber = 'low' | 'high' | 'twice'

/** The numbers of one document's results, by the rules of TAP 14; `planned` is its plan, if it has one. */
export class Numbering {
  /** Null while the numbers that came are those from 1 to `#run`. */
  #seen: NumberSet | null = null
  #run = 0
  readonly #planned: number | null
  #place = 0
  /** What is wrong with the number given last, or null. */
  bad: BadNumber | null = null

  constructor(planned: number | null) {
    this.#planned = planned !== null && planned > 0 ? planned : null
  }

  /** Number of the next result: its own, or its place where it has none. */
  next(own: number | null): number {
    this.#place += 1
    this.bad = null
    if (own === null) return this.#place
    if (this.#planned !== null && own < 1) this.bad = 'low'
    if (this.#planned !== null && own > this.#planned) this.bad = 'high'
    if (this.#seen === null && own === this.#run + 1) {
      this.#run = own
      return own
    }
    this.#seen ??= new NumberSet(this.#run)
    if (this.#seen.has(own)) this.bad = 'twice'
    else this.#seen.add(own)
    return own === 0 ? this.#place : own
  }
}

/** What is wrong with a number, in words. */
export function problemOf(bad: BadNumber, number: number | null): string {
  if (bad === 'twice') return `test point id ${number} appears multiple times`
  return bad === 'low' ? 'id less than plan start' : 'id greater than plan end'
}
