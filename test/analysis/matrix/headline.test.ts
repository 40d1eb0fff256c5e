/** Headlines: the cells that contradict the claim sources, gathered, worst first, each with what was claimed of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contradictionsOf } from '#analysis/matrix/headline.ts'
import { calmLine } from '#render/text/format.ts'
import { smallReport } from '#test/helpers/reports.ts'

test('headline: every contradicting cell is in it once, with its claim, and no other', () => {
  const report = smallReport()
  assert.deepEqual(contradictionsOf(report), report.headline)
  const listed = report.headline.flatMap(({ finding, case: name, cells }) =>
    cells.map(({ kernel, claimSource }) => [kernel, name, finding, claimSource].join()),
  )
  const contradicting = report.cells
    .filter(({ finding }) => finding === 'listed-still-affected' || finding === 'fixed-not-listed')
    .map(({ kernel, case: name, finding, claimSource }) => [kernel, name, finding, claimSource].join())
  assert.equal(new Set(listed).size, listed.length)
  assert.deepEqual(listed.toSorted(), contradicting.toSorted())
  assert.deepEqual([...new Set(report.headline.map(({ finding }) => finding))], ['listed-still-affected', 'fixed-not-listed'])
  assert.ok(report.headline.every(({ series, cells }) => cells.every(({ kernel }) => kernel.includes(series.slice(0, -2)))))
})

test('headline: a report without one says how much could be compared with the claim sources at all', () => {
  const cells = (agrees: number, silent: number) =>
    [
      ...Array.from({ length: agrees }, () => ({ finding: 'agrees' })),
      ...Array.from({ length: silent }, () => ({ finding: 'inconclusive' })),
    ] as never
  assert.equal(calmLine({ cells: cells(3, 0) }), 'No verdict contradicts the claim sources: 3 agree.')
  assert.equal(calmLine({ cells: cells(3, 2) }), 'No verdict contradicts the claim sources: 3 agree, 2 cannot be compared.')
  assert.equal(
    calmLine({ cells: cells(0, 2) }),
    'No verdict contradicts the claim sources, but kwitness cannot compare any with them.',
  )
})
