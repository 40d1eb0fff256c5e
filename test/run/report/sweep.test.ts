import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSweep, maxSweepSeconds, sweepPlan, sweepRows } from '#run/report/sweep.ts'
import { cellKey, cellsOf, DEFAULT_PLAN, profileOf, type Plan } from '#plan/plan.ts'
import { nextMeasured } from '#plan/race-schedule.ts'
import { openStore } from '#store/index.ts'
import { attemptId } from '#store/names.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { squareControls } from '#test/helpers/reports/control-matrices.ts'
import { attemptIn, host, temporaryFolder } from '#test/helpers/evidence.ts'
import { race, sampleEvidence, theCase } from '#test/helpers/judging.ts'

const kernelOf = (id: string) =>
  ({ id, provider: 'tree', version: '5.10.262', series: '5.10.y', build: id, flavour: id, arch: 'x86_64' }) as const

const whole: Plan = {
  schema: 'kwitness.plan/1',
  seed: '1',
  kernels: ['k-base', 'k-no-event', 'k-no-seqcount'].map(kernelOf),
  cases: [
    { ...theCase, id: 'event' },
    { ...race, id: 'race', needs: { ...race.needs, cpus: 2 } },
  ],
  accelerator: 'tcg',
  bootSeconds: 2,
  freshBoot: false,
  ...DEFAULT_PLAN,
}

const plan = sweepPlan(whole, squareControls)

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
  assert.ok(isSweep(plan) && !isSweep(whole))
  assert.ok(maxSweepSeconds(plan) >= 18 * 10 * 3)
})

test('profiles too small for the race are left out', () => {
  const needs = { ...race.needs, cpus: 3, memoryMiB: 1024 }
  const cases = sweepPlan({ ...whole, cases: [{ ...race, id: 'race', needs }] }, squareControls).cases
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
    assert.equal(next.ask.seconds, plan.measure?.seconds)
    const trials = { hits: 1, trials: 10 }
    const answer = { outcome: 'reproduced', ending: 'clean exit', reasons: [], trials, trigger: null, conditions: null } as const
    tried.set(key, [...(tried.get(key) ?? []), { ...answer, program: 'p', seconds: 1, startedAt: '' }])
    order.push(key)
  }
  assert.equal(order.length, cells.length * (plan.measure?.attempts ?? 0))
  assert.equal(new Set(order.slice(0, cells.length)).size, cells.length, 'no second turn before all had their first')
})

test('a stored sweep is read into a row for each profile', async (t) => {
  const folder = await temporaryFolder(t)
  const logs = await temporaryFolder(t)
  const store = await openStore(folder)
  t.after(() => store.close())
  const run = await store.createRun({ startedAt: '2026-01-31T10:00:00.000Z', plan, host })
  const [own, other] = plan.cases
  assert.ok(own && other)
  const record = async (id: string, attempt: number, said: string, code: number) => {
    const output = Buffer.from(said)
    const evidence = await attemptIn(logs, { kernel: 'k-no-seqcount', case: id, attempt, output })
    const ending = { kind: 'exited', exit: { code, signal: null, timedOut: false, seconds: 0.5 } } as const
    await store.recordAttempt(run.id, { ...evidence, ending }, logs)
  }
  const says = (result: string, trials: string) =>
    `KTAP version 1\n1..1\n# kwitness: trials=${trials}\n${result} 1 race\n# kwitness: end of tests\n`
  await record(own.id, 1, says('not ok', '40 hits=1'), 1)
  await record(own.id, 2, says('ok', '60 hits=0'), 0)
  await record(other.id, 1, 'KTAP version 1\n1..1\nBail out! no\n# kwitness: end of tests\n', 99)
  const [first, second, ...rest] = await sweepRows(store, run)
  assert.deepEqual(
    [first?.case, first?.line, first?.fix, first?.isDefault, first?.spread, first?.attempts, first?.hit, first?.trials],
    ['race', '5.10', 'no-seqcount', true, 1, 2, 1, { hits: 1, trials: 100 }],
  )
  assert.deepEqual([second?.isDefault, second?.attempts], [false, 0], 'a broken attempt is no answer')
  assert.equal(rest.length, 16)
})
