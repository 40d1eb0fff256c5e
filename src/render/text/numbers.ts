/** Numbers for narrow places, and rates. */
import type { ConfidenceInterval } from '#domain/control.ts'
import { percentOf, significant, type Rounding } from '#domain/numbers.ts'

/** A narrow place has no room for the digits of a smaller chance. */
const MIN_SHORT_CHANCE = 1e-6

/** A whole number for a narrow place: `312`, `1.56K`, `2.4M`. */
export function shortCount(number: number, rounding: Rounding = 'floor'): string {
  return significant(number, rounding, { notation: 'compact', maximumSignificantDigits: 3 })
}

/** Two significant digits, rounded down: `13`, `0.37`. */
export function atLeast(number: number): string {
  return significant(number, 'floor')
}

/** An upper bound of a chance for a narrow place: `<0.0001 %`. */
export function shortChance(value: number): string {
  return `<${percentOf(Math.max(value, MIN_SHORT_CHANCE), 'ceil')}`
}

/** Both ends of a rate, rounded away from each other: `0.51 % to 1.6 %`, `at most 0.00038 %`. */
export function rateOf({ low, high }: ConfidenceInterval): string {
  const [lowest, highest] = [percentOf(low, 'floor'), percentOf(high, 'ceil')]
  if (low === 0) return high === 1 ? 'not known' : `at most ${highest}`
  return high === 1 ? `at least ${lowest}` : `${lowest} to ${highest}`
}
