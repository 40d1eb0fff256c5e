import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openAgain } from '#cli/session/session.ts'
import { DEFAULT_PLAN, type Plan } from '#plan/plan.ts'
import { openStore } from '#store/index.ts'
import { squareControls } from '#test/helpers/reports/control-matrices.ts'
import { host, temporaryFolder } from '../helpers/evidence.ts'

const plain: Plan = {
  schema: 'kwitness.plan/1',
  seed: '1',
  kernels: [],
  cases: [],
  accelerator: 'tcg',
  bootSeconds: 2,
  freshBoot: false,
  ...DEFAULT_PLAN,
}

const hasControls = ({ controls }: Plan) => controls.length > 0

test('of unfinished runs the newest is gone on with that is of the kind wanted', async (t) => {
  const state = await temporaryFolder(t)
  const context = { workspace: { cache: await temporaryFolder(t), state } }
  const store = await openStore(state)
  const begin = async (plan: Plan): Promise<string> => {
    const { id } = await store.createRun({ startedAt: '2026-01-31T10:00:00.000Z', plan, host })
    await store.releaseRun(id)
    return id
  }
  const nothing = { name: 'UserError', message: 'there is no unfinished run to resume' }
  await assert.rejects(openAgain(true, context), nothing)
  const older = await begin({ ...plain, controls: squareControls })
  const newer = await begin(plain)
  store.close()

  const other = { name: 'UserError', message: `run ${newer} is of another kind` }
  await assert.rejects(openAgain(newer, context, hasControls), other)
  for (const [which, wanted, id] of [
    [true, hasControls, older],
    [true, undefined, newer],
  ] as const) {
    const opened = await openAgain(which, context, wanted)
    t.after(() => opened.store.close())
    assert.equal(opened.record.id, id)
  }
})
