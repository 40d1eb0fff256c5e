/** Numbers as people read them: thousands apart, two digits that count, `1 in N` for what is rare, never an exponent. */
import type { ConfidenceInterval } from '#domain/control.ts'

/** Below this a chance is only said to be less than it: more would be a number that nobody can check. */
const RAREST = 1e-9
/** Shares below this read better as `1 in N`. */
const LEAST_PERCENT = 0.01
/** The same for both ends of a rate, which are read beside each other. */
const LEAST_RATE_PERCENT = 0.001

type Rounding = 'floor' | 'ceil'

/** A whole number: `2,400,000`. */
export function countOf(number: number): string {
  return formatter({}).format(number)
}

/** A number of things: `1 hit`, `14 hits`. */
export function many(number: number, noun: string): string {
  return `${countOf(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** A whole number for a narrow place: `312`, `1.56K`, `2.4M`. */
export function shortCount(number: number, rounding: Rounding = 'floor'): string {
  return digits(number, rounding, { notation: 'compact', maximumSignificantDigits: 3 })
}

/** Two digits that count, rounded down: `13`, `0.37`. */
export function atLeast(number: number): string {
  return digits(number, 'floor')
}

/** A chance between 0 and 1, never less than it is: `13 %`, `1 in 470`, `less than 1 in 1,000,000,000`. */
export function chanceOf(value: number): string {
  if (value < RAREST) return `less than ${oneIn(RAREST, 'floor')}`
  return value < LEAST_PERCENT ? oneIn(value, 'floor') : percent(value, 'ceil')
}

/** A chance for a narrow place: `1 in 2.6M`. */
export function shortChance(value: number): string {
  if (value >= LEAST_PERCENT) return percent(value, 'ceil')
  return `1 in ${digits(reciprocal(Math.max(value, RAREST)), 'floor', { notation: 'compact' })}`
}

/** Both ends of a rate, rounded away from each other: `0.51 % to 1.6 %`, `at most 1 in 270,000`. */
export function rateOf({ low, high }: ConfidenceInterval): string {
  const rare = high < LEAST_RATE_PERCENT
  const lowest = rare ? oneIn(low, 'ceil') : percent(low, 'floor')
  const highest = rare ? oneIn(high, 'floor') : percent(high, 'ceil')
  if (low === 0) return high === 1 ? 'not known' : `at most ${highest}`
  return high === 1 ? `at least ${lowest}` : `${lowest} to ${highest}`
}

function oneIn(value: number, rounding: Rounding): string {
  return `1 in ${digits(reciprocal(value), rounding)}`
}

/** 1 / value, where what is a whole number in decimals is one: rounding must not turn 1,000,000 into 990,000. */
function reciprocal(value: number): number {
  return exact(1 / value)
}

function percent(value: number, rounding: Rounding): string {
  return `${digits(exact(100 * value), rounding)} %`
}

/** Without the last bits, which arithmetic made. */
function exact(value: number): number {
  return Number(value.toPrecision(12))
}

function digits(value: number, roundingMode: Rounding, more: Intl.NumberFormatOptions = {}): string {
  return formatter({ maximumSignificantDigits: 2, roundingMode, ...more }).format(value)
}

const formatters = new Map<string, Intl.NumberFormat>()

/** One for each set of options: making it takes a hundred times as long as using it. */
function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options)
  const known = formatters.get(key) ?? new Intl.NumberFormat('en-US', options)
  formatters.set(key, known)
  return known
}
