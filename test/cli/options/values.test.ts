/** What the values of options are read as, and that what cannot be read is refused with what to give instead. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidArgumentError } from '@commander-js/extra-typings'
import {
  given,
  readAgain,
  readCases,
  readCount,
  readFixes,
  readList,
  readMissProbability,
  readSeconds,
  readSeed,
  readSelectors,
  readSeriesNames,
} from '#cli/options/values.ts'

test('lists are split at commas and add up when an option is given again; blank items are left out', () => {
  assert.deepEqual(readList(' a,b ,,c'), ['a', 'b', 'c'])
  assert.deepEqual(readCases('c', readCases('a,b')), ['a', 'b', 'c'])
  assert.deepEqual(readSelectors('file:/a,b', readSelectors('default,debian:>=6.1,<6.2')), [
    'default',
    'debian:>=6.1,<6.2',
    'file:/a,b',
  ])
  assert.deepEqual(readSeriesNames('5.10', readSeriesNames('6.1.y,6.12')), ['6.1.y', '6.12.y', '5.10.y'])
  assert.deepEqual(readAgain('a,b', ['c']), ['c', 'a,b'])
})

test('numbers are read as numbers, a seed as text that a 64-bit number fits', () => {
  assert.deepEqual([readCount('3'), readMissProbability('1e-3'), readSeconds('2.5')], [3, 1e-3, 2.5])
  assert.deepEqual([readSeed('007'), readSeed('18446744073709551615')], ['7', '18446744073709551615'])
})

const REFUSED: readonly [name: string, read: (text: string) => unknown, texts: readonly string[]][] = [
  ['cases', readCases, ['', ',', ' , ']],
  ['selectors', readSelectors, ['', ',', ' ,']],
  ['a list of fixes', readFixes, ['', ',', ' , ']],
  ['series', readSeriesNames, ['', ',', 'six', '6', '6.1.2', '6.1,x']],
  ['a seed', readSeed, ['', '-1', '1.5', 'x', '18446744073709551616']],
  ['a count', readCount, ['', '0', '-1', '1.5', 'x', 'Infinity']],
  ['a miss probability', readMissProbability, ['', '0', '1', '-1e-6', 'small', '1e-13', 'Infinity']],
  ['seconds', readSeconds, ['', '0', '-1', 'long', 'NaN', '1e9']],
]

for (const [name, read, texts] of REFUSED) {
  test(`what is not ${name} is refused, with what to give`, () => {
    for (const text of texts) {
      assert.throws(
        () => read(text),
        (error) => error instanceof InvalidArgumentError && /(?:Give|Name) /.test(error.message),
        JSON.stringify(text),
      )
    }
  })
}

test('a list without an item is refused, too, behind one that has some', () => {
  for (const read of [readCases, readSelectors, readSeriesNames, readFixes]) {
    assert.throws(() => read(' , ', ['before']), InvalidArgumentError)
  }
})

test('what was not given is left out, and what is false or empty is not', () => {
  assert.deepEqual(given({ a: undefined, b: false, c: '', d: 0 }), { b: false, c: '', d: 0 })
})
