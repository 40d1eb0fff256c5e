/** Numbers for narrow places, and rates: rounding never claims what was not measured. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { atLeast, rateOf, shortChance, shortCount } from '#render/text/numbers.ts'

const CHANCES: readonly (readonly [chance: number, short: string])[] = [
  [1, '<100 %'],
  [0.131, '<14 %'],
  [0.0021, '<0.21 %'],
  [1e-6, '<0.0001 %'],
  [9e-10, '<0.0001 %'],
  [0, '<0.0001 %'],
]

for (const [chance, short] of CHANCES) {
  test(`a chance of ${chance} is in short ${short}`, () => assert.equal(shortChance(chance), short))
}

const RATES: readonly (readonly [low: number, high: number, words: string])[] = [
  [0, 1, 'not known'],
  [0, 0.0092, 'at most 0.92 %'],
  [0, 0.000_003_7, 'at most 0.00037 %'],
  [0.005_112, 0.015_61, '0.51 % to 1.6 %'],
  [0.000_002, 0.000_008, '0.0002 % to 0.0008 %'],
  [0.000_012, 0.2, '0.0012 % to 20 %'],
  [0.3, 1, 'at least 30 %'],
]

for (const [low, high, words] of RATES) {
  test(`a rate between ${low} and ${high} is ${words}`, () => assert.equal(rateOf({ low, high }), words))
}

test('short counts have three digits', () => {
  assert.deepEqual(
    [312, 1568, 2_431_999].map((count) => shortCount(count)),
    ['312', '1.56K', '2.43M'],
  )
  assert.equal(shortCount(2296, 'ceil'), '2.3K')
  assert.deepEqual([13.81, 0.378].map(atLeast), ['13', '0.37'])
})

test('property: a short chance is never smaller than the chance, nor a rate narrower than its interval', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (chance) => {
      assert.ok(Number.parseFloat(shortChance(chance).slice(1)) / 100 >= chance * (1 - 1e-9))
      assert.doesNotMatch(shortChance(chance), /e-?\d/)
    }),
  )
  // Trials are counted in whole numbers up to 2^53, so no rate that is not 0 comes near less.
  const rate = fc.double({ min: 1e-17, max: 1, noNaN: true })
  fc.assert(
    fc.property(rate, rate, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)]
      const [from, to] = rateOf({ low, high })
        .split(' to ')
        .map((words) => Number.parseFloat(words) / 100)
      if (to === undefined || from === undefined) return
      assert.ok(from <= low * (1 + 1e-9) && to >= high * (1 - 1e-9))
    }),
  )
})
