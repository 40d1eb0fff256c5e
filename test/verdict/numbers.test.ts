/** Numbers in words never claim more than the number does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { atLeastPercent, count, grouped, onceIn, percent } from '#verdict/numbers.ts'

test('numbers are grouped by thousands', () => {
  assert.deepEqual([0, 999, 1000, 123456, 1234567].map(grouped), ['0', '999', '1,000', '123,456', '1,234,567'])
  assert.deepEqual([count(1, 'trial'), count(1000, 'trial'), count(0, 'hit')], ['1 trial', '1,000 trials', '0 hits'])
})

const CHANCES: readonly [number, string][] = [
  [1, '100 times in 100'],
  [0.501, '51 times in 100'],
  [0.5, '50 times in 100'],
  [0.101, '11 times in 100'],
  [0.1, 'once in 10 times'],
  [0.037, 'once in 27 times'],
  [1 / 5891, 'once in 5,800 times'],
  [1e-3, 'once in 1,000 times'],
  [1.0001e-6, 'once in 990,000 times'],
  [1e-6, 'once in a million times'],
  [9.99e-7, 'once in a million times'],
  [4e-7, 'once in 2 million times'],
  [1e-8, 'once in 100 million times'],
  [1e-9, 'once in a billion times'],
  [1e-300, 'once in a billion times'],
  [0, 'once in a billion times'],
]

for (const [chance, words] of CHANCES) {
  test(`a chance of ${chance} is ${words}`, () => assert.equal(onceIn(chance), words))
}

test('a rate is said to be at least something that it is', () => {
  const rates = [0.005149, 0.00516, 0.02, 0.0133, 1, 0.999, 0.00001234, 0].map(atLeastPercent)
  assert.deepEqual(rates, ['0.51 %', '0.51 %', '2 %', '1.3 %', '100 %', '99 %', '0.0012 %', '0 %'])
  assert.deepEqual([0.005149, 0.011, 1, 0].map(percent), ['0.51 %', '1.1 %', '100 %', '0 %'])
})

test('property: a chance is at most, and a rate at least, what the words say', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-12, max: 0.1, noNaN: true }), (value) => {
      const words = onceIn(value).replace('a billion', '1000 million').replace('a million', '1 million')
      const [, number = '', million] = /^once in ([\d,]+)( million)? times$/.exec(words) ?? []
      const times = Number(number.replaceAll(',', '')) * (million ? 1e6 : 1)
      assert.ok(value <= (1 / times) * (1 + 1e-6), `${value} is ${words}`)
      assert.ok(Number.parseFloat(atLeastPercent(value)) / 100 <= value * (1 + 1e-6))
    }),
  )
})
