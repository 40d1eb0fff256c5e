/** Numbers of results held against tap-parser, which knows the rules of TAP 14 better than we do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { problemOf, Numbering, NumberSet } from '#console/ktap/numbers.ts'
import { askTapParser } from './tap-parser.ts'

const number = fc.option(fc.oneof({ weight: 3, arbitrary: fc.nat(8) }, fc.constantFrom(999_999_999, 0, 12)))

test('results are numbered, and their problems reported, as in tap-parser', () => {
  fc.assert(
    fc.property(fc.array(number, { maxLength: 12 }), fc.option(fc.nat(9)), (numbers, planned) => {
      const numbering = new Numbering(planned)
      const theirs = askTapParser(
        planned,
        numbers.map((one) => ({ ok: true, number: one })),
        false,
      )
      assert.deepEqual(
        numbers.map((one) => {
          const given = numbering.next(one)
          return { number: given, problem: numbering.bad && problemOf(numbering.bad, one) }
        }),
        theirs.points,
      )
    }),
  )
})

test('a set of numbers holds what was put into it, in whatever order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2, max: 30 })), fc.nat(40), (numbers, last) => {
      const set = new NumberSet()
      for (const one of numbers) set.add(one)
      const plain = new Set(numbers)
      for (let one = -3; one < 40; one += 1) assert.equal(set.has(one), plain.has(one))
      assert.equal(set.max, Math.max(0, ...numbers))
      assert.equal(set.countTo(last), [...plain].filter((one) => one >= 1 && one <= last).length)
    }),
  )
})

test('a set of numbers scattered without end counts what it does not hold', () => {
  const set = new NumberSet()
  for (let one = 1; one <= 600_000; one += 2) set.add(one)
  assert.equal(set.isWhole, false)
  assert.equal(set.has(3), true)
  assert.equal(set.countTo(600_000), 300_000)
})
