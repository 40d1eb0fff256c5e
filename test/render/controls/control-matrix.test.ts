import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { controlMatrixOf } from '#analysis/controls/control-matrix.ts'
import { rateOf } from '#render/text/numbers.ts'
import { renderControlMatrix, renderControlMatrixJson } from '#render/controls/control-matrix.ts'
import { rateInterval } from '#verdict/race/statistics.ts'
import { matrixControls, matrixRate, controlMatrixReport, type Changes } from '#test/helpers/reports/control-matrices.ts'

const PLAIN_TERMINAL = { width: 100, colour: false, ascii: false }
const matrix = (changes: Changes = {}) => controlMatrixOf(controlMatrixReport(changes), matrixControls)

test('a control matrix that holds, whole', () => {
  const [clean = '', hit = ''] = [0, 20].map((hits) => rateOf(rateInterval({ hits, trials: 4000 })))
  assert.equal(
    renderControlMatrix(matrix(), [matrixRate], PLAIN_TERMINAL),
    `kwitness controls 2026-01-31-1: 4 controls, 1 series, 4 cases

                 1   2   3   4
5.10 (5.10.262)
  base           ✔   ✔   ✘   ?
  no-event      [✘] (–)  ·   ·
  no-layout      ·  [✘]  ·   ·
  no-seqcount    ·   ·   ·  [✘]
  posted-pages   ·   ·  [✔]  ·

   1  event
   2  layout
   3  pages
   4  race

[✘] own case, as required   · as on the base   (–) blinded, as expected   ! not as required

Statistical cases: hits of trials, and the rate (95 % confidence)
  5.10  base          race  0 of 4,000   ${clean}
  5.10  no-event      race  0 of 4,000   ${clean}
  5.10  no-layout     race  0 of 4,000   ${clean}
  5.10  no-seqcount   race  20 of 4,000  ${hit.padEnd(clean.length)}  own case
  5.10  posted-pages  race  0 of 4,000   ${clean}

The control matrix holds: each control kernel has the required verdict and changes no other.

Rate stored: race on 5.10.y by pin-module, x86_64-tcg-2cpu-512m, quiet host
`,
  )
})

const WRONG: Changes = {
  'no-seqcount/race': ['carries', { hits: 0, trials: 4000 }],
  'no-layout/event': ['lacks'],
  'no-event/pages': ['no-result'],
}

test('failures are marked, counted and explained, in 100 columns', () => {
  const text = renderControlMatrix(matrix(WRONG), [], PLAIN_TERMINAL)
  const rows = text.split('\n').filter((line) => /^ {2}no-/.test(line))
  assert.deepEqual(rows.slice(0, 3), [
    '  no-event      [✘] (–)  ∅   ·',
    '  no-layout     !✘! [✘]  ·   ·',
    '  no-seqcount    ·   ·   ·  !✔!',
  ])
  assert.match(text, /^The control matrix does not hold: 2 results not as required, 1 result without an answer\.$/m)
  const flat = text.replaceAll(/\s+/g, ' ')
  for (const { text: sentence } of matrix(WRONG).failures) assert.ok(flat.includes(sentence), sentence)
  for (const line of text.split('\n')) assert.ok(line.length <= 100, line)
  assert.doesNotMatch(text, /Rate stored/)
})

test('on a narrow terminal the columns come in blocks, none left out', () => {
  const text = renderControlMatrix(matrix(), [], { ...PLAIN_TERMINAL, width: 1 })
  const numbers = text
    .split('\n')
    .filter((line) => /^[ \d]+$/.test(line))
    .join(' ')
  for (const number of [1, 2, 3, 4]) assert.match(numbers, new RegExp(`\\b${number}\\b`))
})

test('colour changes nothing but the colour, and plain terminals get plain signs', () => {
  const plain = renderControlMatrix(matrix(WRONG), [matrixRate], PLAIN_TERMINAL)
  const coloured = renderControlMatrix(matrix(WRONG), [matrixRate], { ...PLAIN_TERMINAL, colour: true })
  assert.equal(stripVTControlCharacters(coloured), plain)
  assert.match(renderControlMatrix(matrix(WRONG), [matrixRate], { ...PLAIN_TERMINAL, ascii: true }), /^[\x20-\x7e\n]*$/)
})

test('JSON holds the whole control matrix and the rates', () => {
  const read = JSON.parse(renderControlMatrixJson(matrix(WRONG), [matrixRate]))
  assert.deepEqual(read, { ...structuredClone(matrix(WRONG)), rates: [matrixRate] })
  assert.equal(read.schema, 'kwitness.control-matrix/1')
})
