/** The plan of a sweep: which profiles it tries, and in which order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cellKey, cellsOf, profileOf } from '#plan/cells.ts'
import { nextMeasured } from '#plan/race-schedule.ts'
import { maxSweepSeconds, sweepPlan } from '#plan/sweep.ts'
import { attemptId } from '#store/names.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { matrixControls } from '../helpers/reports/control-matrices.ts'
import { race, sampleEvidence } from '../helpers/judging.ts'
import { sweptCommon } from './plans.ts'

const plan = sweepPlan(sweptCommon, matrixControls)

test('a sweep asks the race of its control under every profile once, as it is first', () => {
  assert.deepEqual(
    plan.kernels.map(({ id }) => id),
    ['k-no-seqcount'],
  )
  const profiles = cellsOf(plan).map((cell) => {
    const { cpus, memoryMiB } = profileOf(cell.case, 'tcg', cell.kernel.version)
    return `${cpus} ${memoryMiB} ${plan.args[cell.case.id]?.join(' ')}`
  })
  assert.equal(profiles[0], '2 512 --spread 1')
  assert.equal(new Set(profiles).size, 18)
  assert.equal(profiles.length, 18)
  assert.equal(plan.kind, 'sweep')
  assert.ok(maxSweepSeconds(plan) >= 18 * 10 * 3)
})

test('profiles too small for the race are left out', () => {
  const needs = { ...race.needs, cpus: 3, memoryMiB: 1024 }
  const cases = sweepPlan({ ...sweptCommon, cases: [{ ...race, id: 'race', needs }] }, matrixControls).cases
  assert.ok(cases.length > 1 && cases.every((one) => one.needs.cpus >= 3 && one.needs.memoryMiB >= 1024))
})

test('each variant can be kept in a store, and none hides another', () => {
  const job = sampleEvidence().job
  const ids = plan.cases.map(({ id }) => attemptId({ ...job, case: id }))
  assert.equal(new Set(ids).size, ids.length)
})

test('profiles take turns until each has had its attempts', () => {
  const tried = new Map<string, JudgedAttempt[]>()
  const cells = cellsOf(plan)
  const order: string[] = []
  for (let next = nextMeasured(plan, tried, cells); next; next = nextMeasured(plan, tried, cells)) {
    const key = cellKey(next.cell)
    assert.equal(next.budget.seconds, plan.measure.seconds)
    const trials = { hits: 1, trials: 10 }
    const answer = { outcome: 'reproduced', ending: 'clean exit', reasons: [], trials, codePath: null, conditions: null } as const
    tried.set(key, [...(tried.get(key) ?? []), { ...answer, program: 'p', seconds: 1, startedAt: '' }])
    order.push(key)
  }
  assert.equal(order.length, cells.length * plan.measure.attempts)
  assert.equal(new Set(order.slice(0, cells.length)).size, cells.length, 'no second turn before all had their first')
})
