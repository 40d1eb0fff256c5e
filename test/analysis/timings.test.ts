/** Spans laid in rows and wall time divided: small days worked out by hand, and what must hold of any. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rowsOf, timingsOf } from '#analysis/timings.ts'
import type { Span, PhaseName } from '#domain/span.ts'

function span(name: PhaseName, start: number, end: number, rest: Partial<Span> = {}): Span {
  return { name, start, end, kernel: 'k', case: 'c', lane: 'slots', ...rest }
}

const shares = (spans: readonly Span[], begin: number, end: number): object =>
  Object.fromEntries(timingsOf(spans, begin, end).phases.map(({ name, share }) => [name, share]))

test('a moment is divided evenly among what goes on in it', () => {
  const spans = [span('case', 0, 10), span('case', 4, 8, { case: 'd' }), span('fetch', 8, 10, { case: null, lane: 'fetches' })]
  assert.deepEqual(shares(spans, 0, 12), { case: 9, fetch: 1 })
  assert.equal(timingsOf(spans, 0, 12).unmeasured, 2)
})

test('a whole has only the time that none of its parts took', () => {
  const spans = [span('restore', 1, 3), span('case', 3, 8), span('attempt', 0, 10)]
  assert.deepEqual(shares(spans, 0, 10), { case: 5, attempt: 3, restore: 2 })
})

test('a part that ends with its whole leaves it nothing more', () => {
  assert.deepEqual(shares([span('attempt', 0, 10), span('case', 4, 10), span('attempt', 10, 12)], 0, 12), { attempt: 6, case: 6 })
})

test('the longest of a stage by its own time, and whose it was', () => {
  const long = span('attempt', 0, 10)
  const own = span('attempt', 0, 6, { case: 'd' })
  const [first] = timingsOf([long, own, span('case', 1, 9)], 0, 10).phases.filter(({ name }) => name === 'attempt')
  assert.deepEqual(first?.longest, { span: own, own: 6 })
  assert.equal(first?.count, 2)
  assert.equal(first?.total, 8)
})

test('a part lies in the row of its whole, not in that of another thing that went on as long', () => {
  const spans = [
    span('attempt', 0, 10),
    span('attempt', 1, 9, { case: 'd' }),
    span('case', 2, 8, { case: 'd' }),
    span('case', 2, 8),
  ]
  const rows = rowsOf(spans).map((row) => row.spans.map((one) => `${one.name} ${one.case}`))
  assert.deepEqual(rows, [
    ['attempt c', 'case c'],
    ['attempt d', 'case d'],
  ])
})

test('what was done before the begin or goes on after the end takes nothing of the time between', () => {
  assert.deepEqual(shares([span('boot', 0, 4), span('case', 8, 20)], 5, 10), { case: 2, boot: 0 })
})

test('no spans', () => {
  assert.deepEqual(timingsOf([], 3, 8), { wall: 5, unmeasured: 5, phases: [] })
})

const NAMES: readonly PhaseName[] = ['attempt', 'restore', 'case', 'store']
const anySpan = fc
  .record({
    name: fc.constantFrom(...NAMES),
    start: fc.integer({ min: 0, max: 50 }),
    length: fc.integer({ min: 0, max: 50 }),
    case: fc.constantFrom('c', 'd'),
    lane: fc.constantFrom('slots', 'races'),
  })
  .map(({ name, start, length, case: theCase, lane }) => span(name, start, start + length, { case: theCase, lane }))

test('of any spans: each is in one row, rows hold no two that only half overlap, and the wall time adds up', () => {
  fc.assert(
    fc.property(fc.array(anySpan, { maxLength: 30 }), (spans) => {
      const rows = rowsOf(spans)
      assert.deepEqual(new Set(rows.flatMap((row) => row.spans)), new Set(spans))
      assert.equal(rows.flatMap((row) => row.spans).length, spans.length)
      for (const { spans: own } of rows)
        for (const [index, a] of own.entries())
          for (const b of own.slice(index + 1))
            assert.ok(b.start >= a.end || (b.start >= a.start && b.end <= a.end), JSON.stringify([a, b]))
      const { wall, unmeasured, phases } = timingsOf(spans, 0, 100)
      const sum = phases.reduce((all, { share }) => all + share, unmeasured)
      assert.ok(Math.abs(sum - wall) < 1e-6, `${sum} of ${wall}`)
      for (const { share, total } of phases) assert.ok(share <= total + 1e-6)
    }),
  )
})
