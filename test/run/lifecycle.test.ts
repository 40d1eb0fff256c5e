/** The life of a run: created, executed and finished; or released, found again and claimed. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Kernel } from '#domain/kernel.ts'
import type { Plan } from '#plan/plan.ts'
import { claimRun, executeRun, resumeRun, startRun } from '#run/lifecycle.ts'
import type { GuestInputs } from '#run/context/context.ts'
import { REPOSITORY } from '#harness/support/repository.ts'
import { openStore, openStoreForReading } from '#store/index.ts'
import { matrixControls } from '../helpers/reports/control-matrices.ts'
import { host, kernel, temporaryFolder } from '../helpers/evidence.ts'
import { theCase } from '../helpers/judging.ts'
import { planCommon } from '#test/plan/plans.ts'

const matrix: Plan = { ...planCommon, kind: 'matrix' }
const controls: Plan = { ...planCommon, kind: 'controls', controls: matrixControls }

/** Inputs of a run that starts no guest. */
const inputs: GuestInputs = {
  host: { ...host, cpuModel: 'a CPU', cpuFeatures: 'ab'.repeat(32), tscKhz: 2_000_000 },
  initramfs: { path: '/nowhere/initramfs', sha256: 'cd'.repeat(32) },
  programs: new Map(),
}

const onSkipped = (text: string): never => assert.fail(text)

async function workspace(t: TestContext) {
  return { cache: await temporaryFolder(t), state: await temporaryFolder(t) }
}

/** How the store tells the state of a run to others. */
async function stateOf(folder: string, id: string): Promise<'finished' | 'owned' | 'resumable'> {
  const store = await openStoreForReading(folder)
  try {
    const { finishedAt, owner } = await store.readRun(id)
    if (finishedAt !== null) return 'finished'
    return owner === null ? 'resumable' : 'owned'
  } finally {
    store.close()
  }
}

test('without an id, the newest unfinished run of a wanted kind is resumed', async (t) => {
  const { cache, state } = await workspace(t)
  const context = { workspace: { cache, state } }
  const begin = async (plan: Plan): Promise<string> => {
    const { store, record } = await startRun(state, plan, inputs)
    await store.releaseRun(record.id)
    store.close()
    return record.id
  }
  const nothing = { name: 'UserError', message: 'there is no unfinished run to resume' }
  await assert.rejects(resumeRun({ which: true, folder: state, onSkipped }, context), nothing)
  const older = await begin(controls)
  const newer = await begin(matrix)

  const other = { name: 'UserError', message: `run ${newer} is of kind matrix, not controls` }
  await assert.rejects(resumeRun({ which: newer, folder: state, kinds: ['controls'], onSkipped }, context), other)
  assert.equal(await stateOf(state, newer), 'resumable')
  for (const [kinds, id] of [
    [['controls'], older],
    [undefined, newer],
  ] as const) {
    const run = await resumeRun({ which: true, folder: state, ...(kinds ? { kinds } : {}), onSkipped }, context)
    t.after(() => run.store.close())
    assert.equal(run.record.id, id)
    assert.equal(await stateOf(state, id), 'owned')
  }
})

test('a run of another checkout is resumed only by its name', async (t) => {
  const { cache, state } = await workspace(t)
  const context = { workspace: { cache, state } }
  const store = await openStore(state)
  const origin = { checkout: '/elsewhere/kwitness', command: ['run', '--cases', 'x'] }
  const { id, ...stored } = await store.createRun({ startedAt: '2026-11-21T10:00:00.000Z', plan: matrix, host, origin })
  assert.deepEqual(stored.origin, origin)
  await store.releaseRun(id)
  store.close()
  const refused = {
    name: 'UserError',
    message: `there is no unfinished run of this checkout to resume; ${id} is of /elsewhere/kwitness`,
    hint: `--resume ${id} goes on with that one here`,
  }
  await assert.rejects(resumeRun({ which: true, folder: state, onSkipped }, context), refused)
  const own = await startRun(state, matrix, inputs)
  assert.deepEqual(own.record.origin, { checkout: REPOSITORY, command: process.argv.slice(2) })
  await own.store.releaseRun(own.record.id)
  own.store.close()
  for (const [which, expected] of [
    [true, own.record.id],
    [id, id],
  ] as const) {
    const run = await resumeRun({ which, folder: state, onSkipped }, context)
    assert.equal(run.record.id, expected)
    await run.store.releaseRun(run.record.id)
    run.store.close()
  }
})

test('without a name, no run of a night is taken, and one that a process is at only where there is no other', async (t) => {
  const { cache, state } = await workspace(t)
  const context = { workspace: { cache, state } }
  const store = await openStore(state)
  t.after(() => store.close())
  const create = (command: readonly string[]) =>
    store.createRun({ startedAt: '2026-11-21T10:00:00.000Z', plan: matrix, host, origin: { checkout: REPOSITORY, command } })
  const night = await create(['nightly', '--config', 'x'])
  await store.releaseRun(night.id)
  const resume = () => resumeRun({ which: true, folder: state, onSkipped }, context)
  const none = 'there is no unfinished run of this checkout to resume'
  const message = `${none}; ${night.id} is of a night, which the next one goes on with`
  await assert.rejects(resume(), { message })
  const older = await create(['run'])
  const newer = await create(['run'])
  await store.releaseRun(older.id)
  assert.equal(newer.owner, process.pid)
  const run = await resume()
  t.after(() => run.store.close())
  assert.equal(run.record.id, older.id)
})

test('a run whose plan is executed is finished', async (t) => {
  const { cache, state } = await workspace(t)
  const run = await startRun(state, matrix, inputs)
  t.after(() => run.store.close())
  assert.equal(await stateOf(state, run.record.id), 'owned')
  assert.deepEqual((await run.store.readRun(run.record.id)).host, host)
  await executeRun(run, { kernels: { workspace: { cache, state } }, onEvent: () => {} })
  assert.equal(await stateOf(state, run.record.id), 'finished')
})

test('a run that a signal ends is released for the next', async (t) => {
  const { cache, state } = await workspace(t)
  const kernels: readonly Kernel[] = [kernel]
  const run = await startRun(state, { ...matrix, kernels, cases: [theCase] }, inputs)
  t.after(() => run.store.close())
  const reason = new Error('stopped by the test')
  const context = { workspace: { cache, state }, signal: AbortSignal.abort(reason) }
  await assert.rejects(executeRun(run, { kernels: context, onEvent: () => {} }), reason)
  assert.equal(await stateOf(state, run.record.id), 'resumable')
})

test('a run whose programs cannot be made again is released, and the reason is thrown', async (t) => {
  const { state } = await workspace(t)
  const { store, record } = await startRun(state, matrix, inputs)
  t.after(() => store.close())
  await store.releaseRun(record.id)
  const reason = new Error('does not compile')
  await assert.rejects(
    claimRun(store, record.id, () => Promise.reject(reason)),
    reason,
  )
  assert.equal(await stateOf(state, record.id), 'resumable')
  const again = await openStore(state)
  t.after(() => again.close())
  assert.equal((await claimRun(again, record.id, async () => inputs)).plan.kind, 'matrix')
})
