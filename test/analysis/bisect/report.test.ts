/** The report of a bisection: both sides of the change, skipped commits, and its confidence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { confidenceOf, markOf, nextCommit, reportBisection, stepsFor } from '#analysis/bisect/report.ts'
import { ended, hash, step } from '#test/helpers/reports/bisections.ts'

test('a bug is new where it shows, a fix where it does not, and an untestable commit is skipped', () => {
  assert.deepEqual([markOf('shows-bug', 'bug'), markOf('no-bug', 'bug')], ['new', 'old'])
  assert.deepEqual([markOf('shows-bug', 'fix'), markOf('no-bug', 'fix')], ['old', 'new'])
  assert.deepEqual([markOf('crashed', 'bug'), markOf('inconclusive', 'fix')], ['skip', 'skip'])
})

test('both sides are the nearest commits with an answer', () => {
  const { before, after, counts } = reportBisection(ended())
  assert.deepEqual([before.commit, after.commit], [hash('1'), hash('3')])
  assert.deepEqual(counts, { candidates: 5, steps: 3, skipped: 1, sameBinary: 1 })
})

test('the commit found is the later side, whatever was judged after it', () => {
  const steps = [
    step('0', { role: 'old-end' }),
    step('5', { role: 'new-end', answer: 'shows-bug' }),
    step('1', { answer: 'shows-bug' }),
  ]
  const report = reportBisection(ended({ end: { kind: 'found', commit: hash('1') }, steps }))
  assert.deepEqual([report.before.commit, report.after.commit], [hash('0'), hash('1')])
  const atEnd = reportBisection(ended({ end: { kind: 'found', commit: hash('5') }, steps: [...steps.slice(0, 2), step('4')] }))
  assert.deepEqual([atEnd.before.commit, atEnd.after.commit], [hash('4'), hash('5')])
})

test('an end without an answer is an InvariantError', () => {
  assert.throws(() => reportBisection(ended({ steps: [step('0', { role: 'old-end' })] })), /one end has no answer/)
})

test('the confidence is the product of the steps, each piece of evidence counted once, and never more than the weakest', () => {
  assert.equal(confidenceOf([{ errorProbability: 0, sameAs: null }]), 1)
  const two = [
    { errorProbability: 0.1, sameAs: null },
    { errorProbability: 0.2, sameAs: null },
  ]
  assert.ok(Math.abs(confidenceOf(two) - 0.72) < 1e-12)
  assert.equal(confidenceOf([...two, { errorProbability: 0.2, sameAs: hash('1') }]), confidenceOf(two))
  const doubts = fc.array(fc.double({ min: 0, max: 0.5, noNaN: true }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(doubts, (all) => {
      const whole = confidenceOf(all.map((errorProbability) => ({ errorProbability, sameAs: null })))
      assert.ok(
        whole <= 1 - Math.max(...all) + 1e-12 &&
          whole >= 1 - all.reduce((sum, errorProbability) => sum + errorProbability, 0) - 1e-12,
      )
    }),
  )
})

test('what was skipped has no part in the confidence', () => {
  const skipped = step('2', { answer: 'inconclusive', errorProbability: 0.4 })
  assert.equal(reportBisection(ended({ steps: [...ended().steps, skipped] })).confidence, 1)
})

test('the next commit halves those that answer; past a few that do not, it is the choice of git', () => {
  const left = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  assert.equal(nextCommit(left, new Set(), 'z'), 'd')
  assert.equal(nextCommit(left, new Set(['d']), 'z'), 'c')
  assert.equal(nextCommit(left, new Set(['a', 'b', 'c', 'd']), 'z'), 'f')
  assert.equal(nextCommit(left, new Set(['a', 'b', 'c', 'd', 'e']), 'z'), 'z')
  assert.equal(nextCommit(['a'], new Set(['a']), 'z'), 'z')
})

test('no skip costs more than its own step, wherever it is', () => {
  const indices = fc.array(fc.nat(), { maxLength: 4 })
  const trouble = fc.record({ count: fc.integer({ min: 2, max: 80 }), culprit: fc.nat(), untestable: indices })
  fc.assert(
    fc.property(trouble, ({ count, culprit, untestable }) => {
      const names = Array.from({ length: count }, (_, index) => String(index))
      const dumb = new Set(untestable.map((one) => String(one % (count - 1))))
      const skipped = new Set<string>()
      let [first, last, steps] = [0, count - 1, 0]
      const isOpen = (): boolean => names.slice(first, last).some((name) => !skipped.has(name))
      for (; isOpen(); steps += 1) {
        const next = nextCommit(names.slice(first, last + 1), skipped, 'none')
        if (dumb.has(next)) skipped.add(next)
        else if (Number(next) >= culprit % count) last = Number(next)
        else first = Number(next) + 1
      }
      assert.ok(steps <= stepsFor(count) + skipped.size, `${steps} steps for ${count} commits, ${skipped.size} skipped`)
    }),
  )
})

test('so many steps halve so many commits to one', () => {
  assert.deepEqual([1, 2, 3, 64, 65].map(stepsFor), [0, 1, 2, 6, 7])
})
