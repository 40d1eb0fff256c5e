/** Numbers as people read them: thousands apart, two significant digits, shares in per cent, never an exponent. */

export type Rounding = 'floor' | 'ceil' | 'halfExpand'

/** Below this a chance is only said to be less: nobody can check more digits. */
const MIN_CHANCE = 1e-9

/** A whole number: `2,400,000`. */
export function countOf(number: number): string {
  // Below a thousand there is nothing to set apart, and most are: a short run needs no formatter, nor the data that one loads.
  return Number.isInteger(number) && number >= 0 && number < 1000 ? String(number) : formatter({}).format(number)
}

/** A number of things: `1 hit`, `1,500 trials`. */
export function many(number: number, noun: string): string {
  return `${countOf(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** A share (0..1) in per cent: `1.3 %`. `floor` claims at most, `ceil` at least what it is. */
export function percentOf(share: number, rounding: Rounding): string {
  return `${significant(exact(100 * share), rounding)} %`
}

/** A probability (0..1), never less than it is: `13 %`, `0.22 %`, `less than 0.0000001 %`. */
export function chanceOf(value: number): string {
  return value < MIN_CHANCE ? `less than ${percentOf(MIN_CHANCE, 'ceil')}` : percentOf(value, 'ceil')
}

/** Two significant digits, or as many as `more` says. */
export function significant(value: number, roundingMode: Rounding, more: Intl.NumberFormatOptions = {}): string {
  return formatter({ maximumSignificantDigits: 2, roundingMode, ...more }).format(value)
}

/** Drop the last bits, which arithmetic made: rounding must not turn 0.0001 % into 0.00011 %. */
function exact(value: number): number {
  return Number(value.toPrecision(12))
}

const formatters = new Map<string, Intl.NumberFormat>()

/** One for each set of options: making it takes a hundred times as long as using it. */
function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options)
  const known = formatters.get(key) ?? new Intl.NumberFormat('en-US', options)
  formatters.set(key, known)
  return known
}
