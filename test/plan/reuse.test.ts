/** Which answers may be reused, and which results run anew all the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Verdict } from '#domain/judgement.ts'
import { profileOf } from '#plan/cells.ts'
import { agreeingAnswers, chooseReused, RERUN_CHANGED, type Rerun, type Reusable } from '#plan/reuse.ts'
import { kernel } from '../helpers/evidence.ts'
import { sampleCase, tried } from '../helpers/judging.ts'

const hit = () => tried('reproduced')
const not = () => tried('not-reproduced')
const lost = () => tried('infra')

/** Repetitions, the newest first, and how many of them may be reused. */
const HISTORIES: readonly (readonly [what: string, of: readonly (() => ReturnType<typeof tried>)[], reusable: number])[] = [
  ['nothing', [], 0],
  ['one answer', [hit], 1],
  ['two that agree', [hit, hit], 2],
  ['no answer', [lost, () => tried('error'), () => tried('no-boot'), () => tried('unrelated-crash')], 0],
  ['an answer behind a lost attempt', [lost, not], 1],
  ['a skip', [() => tried('skipped')], 1],
  ['one that contradicts the one before', [hit, not], 0],
  ['one that contradicts many before', [hit, not, not, not, not], 0],
  ['two after a contradiction', [hit, hit, not], 0],
  ['two after a contradiction, and lost ones between', [hit, lost, hit, lost, not], 0],
  ['three after a contradiction', [hit, hit, hit, not], 3],
  ['a skip against an answer', [() => tried('skipped'), not], 0],
]

for (const [what, of, reusable] of HISTORIES) {
  test(`${what}: ${reusable} to be reused`, () => {
    const repetitions = of.map((make) => make())
    const found = agreeingAnswers(repetitions)
    assert.equal(found.length, reusable)
    if (reusable > 0)
      assert.equal(
        found[0],
        repetitions.find(({ outcome }) => outcome !== 'infra'),
      )
  })
}

function result(id: string, verdict: Verdict, at: string): Reusable {
  const theCase = sampleCase(id)
  return { cell: { kernel, case: theCase, profile: profileOf(theCase, 'tcg', kernel.version) }, verdict, at }
}

const ALL = [
  result('a', 'lacks', '2026-11-03'),
  result('b', 'carries', '2026-11-01'),
  result('c', 'inconclusive', '2026-11-02'),
  result('d', 'not-applicable', '2026-11-04'),
]

const reusedBy = (rerun: Partial<Rerun>, seed = '1', all: readonly Reusable[] = ALL): string =>
  chooseReused(all, { ...RERUN_CHANGED, ...rerun }, seed)
    .map(({ cell }) => cell.case.id)
    .join('')

test('each word runs anew what it names, and words add up', () => {
  assert.equal(reusedBy({}), 'abcd')
  assert.equal(reusedBy({ all: true }), '')
  assert.equal(reusedBy({ inconclusive: true }), 'abd')
  assert.equal(reusedBy({ failed: true }), 'bcd')
  assert.equal(reusedBy({ failed: true, inconclusive: true }), 'bd')
  assert.equal(reusedBy({ oldest: 1 }), 'acd')
  assert.equal(reusedBy({ oldest: 3 }), 'd')
  assert.equal(reusedBy({ oldest: 1, failed: true }), 'cd')
  assert.equal(reusedBy({ oldest: 2, inconclusive: true }), 'd', 'what runs anyway is not one of the oldest')
})

test('a sample has the size that was asked for, is the same for one seed, and differs between seeds', () => {
  const many = Array.from({ length: 200 }, (_, index) => result(`case-${index}`, 'carries', '2026-11-01'))
  const left = (sample: Rerun['sample'], seed: string) => chooseReused(many, { ...RERUN_CHANGED, sample }, seed)
  assert.equal(left({ share: 0.05 }, '1').length, 190)
  assert.equal(left({ share: 0.001 }, '1').length, 199)
  assert.equal(left({ share: 1 }, '1').length, 0)
  assert.equal(left({ share: 0 }, '1').length, 200)
  assert.equal(left({ count: 7 }, '1').length, 193)
  assert.equal(left({ count: 700 }, '1').length, 0)
  assert.deepEqual(left({ count: 7 }, '1'), left({ count: 7 }, '1'))
  assert.notDeepEqual(left({ count: 7 }, '1'), left({ count: 7 }, '2'))
})

test('the choice does not depend on the order of the results', () => {
  const orders = fc.shuffledSubarray(ALL, { minLength: ALL.length })
  fc.assert(
    fc.property(orders, (all) => {
      for (const rerun of [{ oldest: 2 }, { sample: { count: 2 } }]) {
        assert.deepEqual([...reusedBy(rerun, '1', all)].toSorted(), [...reusedBy(rerun)].toSorted())
      }
    }),
  )
})
