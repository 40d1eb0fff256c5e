import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { controlMatrixOf } from '#analysis/controls/control-matrix.ts'
import { rateOf } from '#render/text/numbers.ts'
import { renderControlMatrix, renderControlMatrixJson } from '#render/controls/control-matrix.ts'
import { rateInterval } from '#verdict/race/statistics.ts'
import { squareControls, squareRate, squareReport, type Changes } from '#test/helpers/reports/control-matrices.ts'

const PLAIN_TERMINAL = { width: 100, colour: false, ascii: false }
const square = (changes: Changes = {}) => controlMatrixOf(squareReport(changes), squareControls)

test('a square that holds, whole', () => {
  const [clean = '', hit = ''] = [0, 20].map((hits) => rateOf(rateInterval({ hits, trials: 4000 })))
  assert.equal(
    renderControlMatrix(square(), [squareRate], PLAIN_TERMINAL),
    `kwitness controls 2026-01-31-1: 4 controls of 1 line, 4 cases

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

[✘] own case, as it must be   · as on the base   (–) blinded, as foretold   ! not as it must be

Races: hits of trials, and the rate (95 % sure)
  5.10  base          race  0 of 4,000   ${clean}
  5.10  no-event      race  0 of 4,000   ${clean}
  5.10  no-layout     race  0 of 4,000   ${clean}
  5.10  no-seqcount   race  20 of 4,000  ${hit.padEnd(clean.length)}  own case
  5.10  posted-pages  race  0 of 4,000   ${clean}

The square holds: each control shows what it must and changes nothing else.

Rate kept: race on 5.10.y by pin-module, x86_64-tcg-2cpu-512m, quiet host
`,
  )
})

const WRONG: Changes = {
  'no-seqcount/race': ['carries', { hits: 0, trials: 4000 }],
  'no-layout/event': ['lacks'],
  'no-event/pages': ['missing'],
}

test('what is out of place is marked, counted and told, in 100 columns', () => {
  const text = renderControlMatrix(square(WRONG), [], PLAIN_TERMINAL)
  const rows = text.split('\n').filter((line) => /^ {2}no-/.test(line))
  assert.deepEqual(rows.slice(0, 3), [
    '  no-event      [✘] (–)  ∅   ·',
    '  no-layout     !✘! [✘]  ·   ·',
    '  no-seqcount    ·   ·   ·  !✔!',
  ])
  assert.match(text, /^The square does not hold: 2 cells not as it must be, 1 cell without an answer\.$/m)
  const flat = text.replaceAll(/\s+/g, ' ')
  for (const { text: sentence } of square(WRONG).failures) assert.ok(flat.includes(sentence), sentence)
  for (const line of text.split('\n')) assert.ok(line.length <= 100, line)
  assert.doesNotMatch(text, /Rate kept/)
})

test('on a narrow terminal the columns come in blocks, none left out', () => {
  const text = renderControlMatrix(square(), [], { ...PLAIN_TERMINAL, width: 1 })
  const numbers = text
    .split('\n')
    .filter((line) => /^[ \d]+$/.test(line))
    .join(' ')
  for (const number of [1, 2, 3, 4]) assert.match(numbers, new RegExp(`\\b${number}\\b`))
})

test('colour changes nothing but the colour, and plain terminals get plain signs', () => {
  const plain = renderControlMatrix(square(WRONG), [squareRate], PLAIN_TERMINAL)
  const coloured = renderControlMatrix(square(WRONG), [squareRate], { ...PLAIN_TERMINAL, colour: true })
  assert.equal(stripVTControlCharacters(coloured), plain)
  assert.match(renderControlMatrix(square(WRONG), [squareRate], { ...PLAIN_TERMINAL, ascii: true }), /^[\x20-\x7e\n]*$/)
})

test('JSON holds the whole square and the rates', () => {
  const read = JSON.parse(renderControlMatrixJson(square(WRONG), [squareRate]))
  assert.deepEqual(read, { ...structuredClone(square(WRONG)), rates: [squareRate] })
  assert.equal(read.schema, 'kwitness.square/1')
})
