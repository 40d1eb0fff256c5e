/** Numbers as people read them: what is rounded is rounded so that nothing is claimed that was not measured. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { atLeast, chanceOf, countOf, many, rateOf, shortChance, shortCount } from '#render/text/numbers.ts'

const CHANCES: readonly (readonly [chance: number, long: string, short: string])[] = [
  [1, '100 %', '100 %'],
  [0.131, '14 %', '14 %'],
  [0.0131, '1.4 %', '1.4 %'],
  [0.01, '1 %', '1 %'],
  [0.0021, '1 in 470', '1 in 470'],
  [1e-6, '1 in 1,000,000', '1 in 1M'],
  [3.8e-7, '1 in 2,600,000', '1 in 2.6M'],
  [1e-9, '1 in 1,000,000,000', '1 in 1B'],
  [9e-10, 'less than 1 in 1,000,000,000', '1 in 1B'],
  [0, 'less than 1 in 1,000,000,000', '1 in 1B'],
]

for (const [chance, long, short] of CHANCES) {
  test(`a chance of ${chance} is ${long}, in short ${short}`, () => {
    assert.deepEqual([chanceOf(chance), shortChance(chance)], [long, short])
  })
}

const RATES: readonly (readonly [low: number, high: number, words: string])[] = [
  [0, 1, 'not known'],
  [0, 0.0092, 'at most 0.92 %'],
  [0, 0.000_003_7, 'at most 1 in 270,000'],
  [0.005_112, 0.015_61, '0.51 % to 1.6 %'],
  [0.000_002, 0.000_008, '1 in 500,000 to 1 in 120,000'],
  [0.000_012, 0.2, '0.0012 % to 20 %'],
  [0.3, 1, 'at least 30 %'],
]

for (const [low, high, words] of RATES) {
  test(`a rate between ${low} and ${high} is ${words}`, () => assert.equal(rateOf({ low, high }), words))
}

test('counts have their thousands apart, short ones three digits', () => {
  assert.deepEqual([0, 999, 2_400_000].map(countOf), ['0', '999', '2,400,000'])
  assert.deepEqual([many(1, 'hit'), many(0, 'hit'), many(1500, 'trial')], ['1 hit', '0 hits', '1,500 trials'])
  assert.deepEqual(
    [312, 1568, 2_431_999].map((count) => shortCount(count)),
    ['312', '1.56K', '2.43M'],
  )
  assert.equal(shortCount(2296, 'ceil'), '2.3K')
  assert.deepEqual([13.81, 0.378].map(atLeast), ['13', '0.37'])
})

/** The number that `13 %` or `1 in 470` stands for. */
function valueOf(words: string): number {
  const bare = words.replaceAll(',', '')
  return bare.endsWith('%') ? Number.parseFloat(bare) / 100 : 1 / Number(/1 in (\d+)$/.exec(bare)?.[1])
}

test('property: a chance is never told smaller than it is, nor an interval narrower', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(share, (chance) => {
      assert.ok(valueOf(chanceOf(chance)) >= chance * (1 - 1e-9))
      assert.doesNotMatch(`${chanceOf(chance)} ${shortChance(chance)}`, /e-?\d/)
    }),
  )
  // Trials are counted in whole numbers up to 2^53, so no rate that is not 0 comes near less.
  const rate = fc.double({ min: 1e-17, max: 1, noNaN: true })
  fc.assert(
    fc.property(rate, rate, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)]
      const [from, to] = rateOf({ low, high })
        .split(' to ')
        .map((words) => valueOf(words))
      if (to === undefined || from === undefined) return
      assert.ok(from <= low * (1 + 1e-9) && to >= high * (1 - 1e-9))
    }),
  )
})
