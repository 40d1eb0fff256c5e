/** Numbers as people read them: rounding never claims what was not measured. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chanceOf, countOf, many, percentOf } from '#domain/numbers.ts'

test('counts have their thousands apart', () => {
  assert.deepEqual([0, 999, 1000, 123_456, 2_400_000].map(countOf), ['0', '999', '1,000', '123,456', '2,400,000'])
  assert.deepEqual([many(1, 'hit'), many(0, 'hit'), many(1500, 'trial')], ['1 hit', '0 hits', '1,500 trials'])
})

const CHANCES: readonly (readonly [chance: number, text: string])[] = [
  [1, '100 %'],
  [0.501, '51 %'],
  [0.131, '14 %'],
  [0.037, '3.7 %'],
  [0.0131, '1.4 %'],
  [0.01, '1 %'],
  [0.0021, '0.21 %'],
  [1 / 5891, '0.017 %'],
  [1.0001e-6, '0.00011 %'],
  [1e-6, '0.0001 %'],
  [9.99e-7, '0.0001 %'],
  [3.8e-7, '0.000038 %'],
  [1e-9, '0.0000001 %'],
  [9e-10, 'less than 0.0000001 %'],
  [1e-300, 'less than 0.0000001 %'],
  [0, 'less than 0.0000001 %'],
]

for (const [chance, text] of CHANCES) {
  test(`a chance of ${chance} is ${text}`, () => assert.equal(chanceOf(chance), text))
}

test('a share is rounded down, up or to the nearest', () => {
  const shares = [0.005149, 0.00516, 0.02, 0.0133, 1, 0.999, 0.00001234, 0]
  assert.deepEqual(
    shares.map((share) => percentOf(share, 'floor')),
    ['0.51 %', '0.51 %', '2 %', '1.3 %', '100 %', '99 %', '0.0012 %', '0 %'],
  )
  assert.deepEqual([percentOf(0.005149, 'ceil'), percentOf(0.011, 'halfExpand')], ['0.52 %', '1.1 %'])
})

test('property: a chance is at most, and a share rounded down at least, what the text says', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-12, max: 1, noNaN: true }), (value) => {
      const chance = Number.parseFloat(chanceOf(value).replace('less than ', '')) / 100
      assert.ok(chance >= value * (1 - 1e-9), `${value} is ${chanceOf(value)}`)
      assert.ok(Number.parseFloat(percentOf(value, 'floor')) / 100 <= value * (1 + 1e-9))
      assert.doesNotMatch(chanceOf(value), /e-?\d/)
    }),
  )
})
