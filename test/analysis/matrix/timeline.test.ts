/** Timelines: every kernel with an answer is in one interval, and all others have their place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boundariesOf } from '#analysis/matrix/boundary.ts'
import { timelinesOf } from '#analysis/matrix/timeline.ts'
import { VERDICTS } from '#analysis/matrix/matrix.ts'
import type { Verdict } from '#domain/judgement.ts'
import { kernel } from '#test/helpers/reports.ts'

const PATCHES = Array.from({ length: 12 }, (_, index) => String(index + 1))
const known = (patch: string, notOnMirror = false) => ({ ...kernel(`6.1.${patch}`), notOnMirror })

/** The history of one case in one series, by patch level; those of `others` are listed and were not asked. */
function historyOf(column: Readonly<Record<string, Verdict>>, others: Readonly<Record<string, boolean>> | null) {
  const kernels = Object.keys(column).map((patch) => kernel(`6.1.${patch}`))
  const cells = Object.entries(column).map(([patch, verdict]) => ({ kernel: kernel(`6.1.${patch}`).id, case: 'one', verdict }))
  const asked = Object.keys(column).map((patch) => known(patch))
  const listing = others && [...asked, ...Object.entries(others).map(([patch, notOnMirror]) => known(patch, notOnMirror))]
  const [history, ...more] = timelinesOf(kernels, cells, listing)
  assert.ok(history)
  assert.deepEqual(more, [])
  return { history, flips: boundariesOf(kernels, cells, listing) }
}

const id = (patch: string) => kernel(`6.1.${patch}`).id

test('a series that never changes is one interval from its first tested kernel to its last', () => {
  const column = { 1: 'not-applicable', 2: 'carries', 3: 'error', 9: 'carries' } as const
  const { history } = historyOf(column, { 5: false, 6: true, 11: false })
  assert.deepEqual(history.intervals, [{ verdict: 'carries', first: id('2'), last: id('9'), tested: 2, untested: 2 }])
  assert.deepEqual(history.earlier, [{ kernel: id('1'), version: '6.1.1', reason: 'not-applicable' }])
  assert.deepEqual(history.later, [{ kernel: id('11'), version: '6.1.11', reason: 'not-tested' }])
  assert.equal(history.known, 6)
})

test('a series without an answer has no interval and all its kernels, and without a listing nothing is counted', () => {
  const { history } = historyOf({ 1: 'not-applicable', 2: 'no-result' }, null)
  assert.deepEqual([history.intervals, history.earlier.length, history.later, history.known], [[], 2, [], null])
  assert.equal(historyOf({ 1: 'lacks' }, null).history.intervals[0]?.untested, null)
})

test('property: intervals alternate, are joined by the boundaries, and no kernel is lost', () => {
  const columns = fc.dictionary(fc.constantFrom(...PATCHES), fc.constantFrom(...VERDICTS), { minKeys: 1 })
  const listed = fc.dictionary(fc.constantFrom(...PATCHES), fc.boolean())
  fc.assert(
    fc.property(columns, listed, (column, all) => {
      const others = Object.fromEntries(Object.entries(all).filter(([patch]) => !(patch in column)))
      const { history, flips } = historyOf(column, others)
      const { intervals, earlier, later } = history
      const joints = intervals
        .slice(1)
        .map(({ first, verdict }, index) => [intervals[index]?.last, intervals[index]?.verdict, first, verdict])
      assert.deepEqual(
        flips.map(({ before, from, after, to }) => [before, from, after, to]),
        joints,
      )
      const notOnMirror = Object.values(others).filter(Boolean).length
      const asked = Object.keys(column).length
      assert.equal(history.known, asked + Object.keys(others).length - notOnMirror)
      const inside = intervals.reduce((sum, { tested, untested }) => sum + tested + (untested ?? 0), 0)
      const openly = (list: typeof earlier) => list.filter(({ reason }) => reason !== 'not-on-mirror').length
      const between = flips.reduce((sum, { untested }) => sum + openly(untested ?? []), 0)
      assert.equal(inside + between + openly(earlier) + openly(later), history.known)
      const answers = Object.values(column).filter((verdict) => verdict === 'carries' || verdict === 'lacks')
      assert.equal(
        intervals.reduce((sum, { tested }) => sum + tested, 0),
        answers.length,
      )
    }),
  )
})
