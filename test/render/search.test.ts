/** What a search tells: every series in one way, no guest's words as more than words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderSearch, renderSearchJson } from '#render/search.ts'
import { searchReport } from '#test/helpers/reports/search.ts'

test('JSON: a line for each series, with what was asked of how many, and its boundaries', () => {
  const said = JSON.parse(renderSearchJson(searchReport()))
  assert.deepEqual([said.schema, said.run, said.booted, said.known], ['kwitness.boundary/1', 'search-1', 16, 35])
  const rows = said.searches.map(({ series, asked, known, boundaries }: { [key: string]: unknown[] }) => [
    series,
    asked?.length,
    known,
    boundaries?.length,
  ])
  assert.deepEqual(rows, [
    ['5.10.y', 3, 9, 0],
    ['6.1.y', 4, 9, 1],
    ['6.12.y', 6, 8, 2],
    ['7.2.y', 3, 9, 0],
  ])
})

test('a terminal gets no control character of a guest', () => {
  assert.doesNotMatch(renderSearch(searchReport(), { width: 100, colour: false, ascii: false }), /[^\P{Cc}\n]/u)
})
