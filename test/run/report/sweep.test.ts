import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sweepPlan } from '#plan/sweep.ts'
import { sweepRows } from '#run/report/sweep.ts'
import { openStore } from '#store/index.ts'
import { matrixControls } from '#test/helpers/reports/control-matrices.ts'
import { attemptIn, host, temporaryFolder } from '#test/helpers/evidence.ts'
import { sweptCommon } from '#test/plan/plans.ts'

const plan = sweepPlan(sweptCommon, matrixControls)

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
    [first?.case, first?.series, first?.fix, first?.isDefault, first?.spread, first?.attempts, first?.hit, first?.trials],
    ['race', '5.10', 'no-seqcount', true, 1, 2, 1, { hits: 1, trials: 100 }],
  )
  assert.deepEqual([second?.isDefault, second?.attempts], [false, 0], 'a broken attempt is no answer')
  assert.equal(rest.length, 16)
})
