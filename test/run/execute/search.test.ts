/** What a search runs of a plan: few kernels, chosen by the verdicts of the others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verdict } from '#domain/judgement.ts'
import { cellKey } from '#plan/cells.ts'
import type { PlanOf } from '#plan/plan.ts'
import { searchBranches, nextCells } from '#run/execute/search.ts'
import { planCommon } from '#test/plan/plans.ts'
import { kernel } from '#test/helpers/reports.ts'
import { sampleCase } from '#test/helpers/judging.ts'

const claim = { mainline: '6.15', stable: { '6.1.y': '6.1.5' }, subjects: [], source: 'case.json' }
const patches = Array.from({ length: 9 }, (_, index) => String(index + 1))
const plan: PlanOf<'search'> = {
  ...planCommon,
  kind: 'search',
  // In no order, as the selectors may give them.
  kernels: ['6.12.2', '6.12.1', ...patches.toReversed().map((patch) => `6.1.${patch}`)].map((version) => kernel(version)),
  cases: [sampleCase('one', { claim }), sampleCase('two')],
}

const key = (version: string, name: string) => `${kernel(version).id}/${name}`
const wanted = (verdicts: Readonly<Record<string, Verdict>>) =>
  nextCells(plan, (cell) => verdicts[cell]).map((cell) => `${cell.kernel.version} ${cell.case.id}`)

test('a branch for each series and case, and where the claim sources first list the fix', () => {
  const branches = searchBranches(plan).map(({ case: { id }, kernels, claimed }) => [
    id,
    kernels[0]?.version,
    kernels.length,
    claimed,
  ])
  assert.deepEqual(branches, [
    ['one', '6.1.1', 9, 4],
    ['one', '6.12.1', 2, null],
    ['two', '6.1.1', 9, null],
    ['two', '6.12.1', 2, null],
  ])
})

test('first the ends of every branch; then each case by its own answers, until nothing is left', () => {
  const ends = ['6.1.1', '6.1.9', '6.12.1', '6.12.2']
  assert.deepEqual(
    wanted({}),
    ['one', 'two'].flatMap((name) => ends.map((version) => `${version} ${name}`)),
  )
  const some: Record<string, Verdict> = Object.fromEntries(
    ends.flatMap((version): [string, Verdict][] => [
      [key(version, 'one'), version === '6.1.1' ? 'lacks' : 'carries'],
      [key(version, 'two'), 'carries'],
    ]),
  )
  assert.deepEqual(wanted(some), ['6.1.4 one', '6.1.5 two'])
  const more: Record<string, Verdict> = { ...some, [key('6.1.4', 'one')]: 'lacks', [key('6.1.5', 'two')]: 'carries' }
  assert.deepEqual(wanted(more), ['6.1.5 one'])
  assert.deepEqual(wanted({ ...more, [key('6.1.5', 'one')]: 'carries' }), [])
  assert.equal(new Set(nextCells(plan, () => undefined).map(cellKey)).size, 8)
})
