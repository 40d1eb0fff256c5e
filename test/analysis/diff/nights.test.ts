/** A night is compared with the newest night that has a result, and what it did not come to is not compared. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffNights, hasChanges } from '#analysis/diff/nights.ts'
import { nightOf, resultOf } from '#analysis/night.ts'
import type { Report } from '#domain/report/matrix.ts'
import { reportOf } from '#test/helpers/reports/nights.ts'

const options = { failed: new Set<string>(), history: [] }
const [first, second] = reportOf(1, ['cc', 'cc']).kernels.map(({ id }) => id)
const words = (before: readonly Report[], after: Report, more = {}) => {
  const diff = diffNights(before, after, { ...options, ...more })
  const counts = Object.entries(diff?.counts ?? {}).filter(([, count]) => count > 0)
  return counts.map(([word, count]) => `${count} ${word}`).join(', ')
}

test('the first night is compared with nothing', () => {
  assert.equal(diffNights([], reportOf(1, ['cl', 'cl']), options), null)
})

test('results that a night did not come to are neither gone nor spurious, those of a missing kernel are', () => {
  const before = [reportOf(1, ['cl', 'cl'])]
  assert.equal(words(before, reportOf(2, ['cl', 'cl'])), '4 same')
  assert.equal(words(before, reportOf(2, ['cu', 'uu'])), '1 same')
  assert.equal(words(before, reportOf(2, ['cl', 'rr']), { failed: new Set([second]) }), '2 spurious, 2 same')
})

test('the same holds where the kernel was replaced by a new build', () => {
  const before = reportOf(1, ['cl', 'cl'])
  const after = reportOf(2, ['uu', 'cl'], 'b')
  const renamed = {
    ...after,
    kernels: after.kernels.map((kernel) => (kernel.id === first ? { ...kernel, id: 'new-build' } : kernel)),
  }
  const cells = renamed.cells.map((cell) => (cell.kernel === first ? { ...cell, kernel: 'new-build' } : cell))
  assert.equal(words([before], { ...renamed, cells }), '2 same')
})

test('a result that the last night did not come to is compared with an older one', () => {
  const old = reportOf(1, ['cl', 'cc'])
  const short = reportOf(2, ['uu', 'cu'], 'b')
  const after = reportOf(3, ['ll', 'lc'], 'c')
  assert.equal(words([short, old], after), '2 regressed, 2 same')
  assert.equal(words([short], after), '1 regressed, 3 appeared')
  // A result that was not asked for in between is new again.
  const without = { ...short, cells: short.cells.slice(0, 3) }
  assert.equal(words([without, old], after), '2 regressed, 1 appeared, 1 same')
  // Of several older nights the newest that has it.
  const older = reportOf(1, ['ll', 'll'])
  assert.equal(words([short, old, older], after), '2 regressed, 2 same')
  assert.equal(words([short, reportOf(1, ['uu', 'uu']), old], after), '2 regressed, 2 same')
})

test('a regression that does not come again is flaky', () => {
  const [before, after] = [[reportOf(1, ['cc', 'cc'])], reportOf(2, ['lc', 'cc'], 'b')]
  assert.equal(words(before, after), '1 regressed, 3 same')
  assert.equal(words(before, after, { history: [reportOf(2, ['cc', 'cc'], 'b')] }), '1 flaky, 3 same')
  assert.equal(words(before, after, { history: [reportOf(2, ['lc', 'cc'], 'b')] }), '1 regressed, 3 same')
})

test('whether anything changed', () => {
  const before = [reportOf(1, ['cc', 'cc'])]
  assert.equal(hasChanges(diffNights(before, reportOf(2, ['cu', 'cc']), options)!), false)
  assert.equal(hasChanges(diffNights(before, reportOf(2, ['cl', 'cc'], 'b'), options)!), true)
})

test('a night in short says of each result what the report says', () => {
  const report = reportOf(2, ['cl', 'iu'])
  const facts = { key: 'k', endedAt: report.run.startedAt, diff: null, problems: [], failed: new Set<string>() }
  const night = nightOf(report, facts)
  const [one, other] = report.cases.map(({ id }) => id)
  assert.equal(night.unfinished, 1)
  assert.equal(resultOf(night, first!, one!), 'carries')
  assert.equal(resultOf(night, first!, other!), 'lacks')
  assert.equal(resultOf(night, second!, one!), 'inconclusive')
  assert.equal(resultOf(night, second!, other!), 'unfinished')
  assert.equal(resultOf(night, 'none', other!), 'none')
  assert.equal(resultOf(nightOf(reportOf(2, ['cl', 'rr']), { ...facts, failed: new Set([second!]) }), second!, one!), 'no-result')
})
