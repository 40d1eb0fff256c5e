/** Numbers in words for somebody who knows no statistics; where one is rounded, to the side that claims less. */

/** `1,234`. */
export function grouped(number: number): string {
  return String(number).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 trial`, `1,234 trials`. */
export function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** A number cut down to two digits: 0.5149 becomes 0.51, 5891 becomes 5800. */
function cut(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Number((Math.floor(value / unit + 1e-9) * unit).toPrecision(2))
}

/** A rate of which only so much is certain: `1.3 %`, never more than it is. */
export function atLeastPercent(rate: number): string {
  return rate > 0 ? `${cut(100 * rate)} %` : '0 %'
}

/** A rate, rounded: `1.3 %`. */
export function percent(rate: number): string {
  return `${Number((100 * rate).toPrecision(2))} %`
}

/** Without the last bits, which arithmetic made: a million must not become 990,000. */
function exact(value: number): number {
  return Number(value.toPrecision(12))
}

/** A chance, from above: `37 times in 100`, `once in 5,800 times`, `once in a million times`; the true one is at most that. */
export function onceIn(chance: number): string {
  const times = chance > 0 ? exact(1 / chance) : Number.POSITIVE_INFINITY
  if (times < 10) return `${Math.ceil(exact(100 * chance))} times in 100`
  if (times >= 1e9) return 'once in a billion times'
  if (times < 1e6) return `once in ${grouped(cut(times))} times`
  const millions = Math.floor(cut(times) / 1e6)
  return millions === 1 ? 'once in a million times' : `once in ${grouped(millions)} million times`
}
