/** Attempts that later runs reuse, and what becomes of them when the run that made them is removed. */
import assert from 'node:assert/strict'
import { cp, mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDatabase } from '#store/database.ts'
import { openStore } from '#store/index.ts'
import type { AttemptRecord, Store } from '#store/ports.ts'
import { attemptIn, newRun, sampleLogs, temporaryFolder, type SampleAttempt } from '../helpers/evidence.ts'

const identityOf = (number: number) => String(number).repeat(64)

/** A store, closed after the test, and what records attempts in it. */
async function open(t: TestContext) {
  const folder = await temporaryFolder(t)
  const logs = await temporaryFolder(t)
  const store = await openStore(folder)
  t.after(() => store.close())
  const record = async (run: string, identity: number, sample: SampleAttempt = {}): Promise<AttemptRecord> => {
    const evidence = { ...(await attemptIn(logs, sample)), identity: identityOf(identity) }
    return store.recordAttempt(run, evidence, logs)
  }
  const start = async (): Promise<string> => (await store.createRun(newRun)).id
  const finish = (run: string) => store.finishRun(run, '2026-11-21T11:00:00.000Z')
  return { folder, store, record, start, finish, evidence: join(folder, 'evidence') }
}

/** Every attempt of a run with the run that made it and its whole output. */
async function outputsOf(store: Store, run: string) {
  const { attempts, problems } = await store.attemptsOf(run)
  assert.deepEqual(problems, [])
  const read = attempts.map(async (attempt) => {
    const { output, problems: damage } = await store.readLogs(attempt)
    assert.deepEqual(damage, [])
    return [attempt.run, attempt.evidence.job.attempt, Buffer.from(output ?? '').toString()]
  })
  return Promise.all(read)
}

const output = (attempt: number) => sampleLogs(attempt).output.toString()

test('attempts of one identity are found in every run, the newest first', async (t) => {
  const { store, record, start, finish } = await open(t)
  const [one, two] = [await start(), await start()]
  const older = await record(one, 1, { attempt: 1 })
  await record(one, 2, { attempt: 2 })
  const newer = await record(two, 1, { attempt: 3 })
  await finish(one)
  assert.deepEqual(await store.attemptsLike(identityOf(1), 9), [newer, older])
  assert.deepEqual(await store.attemptsLike(identityOf(1), 1), [newer])
  assert.deepEqual(await store.attemptsLike(identityOf(3), 9), [])
})

test('a run has the attempts that it reuses among its own, once each, and so has a run that reuses those', async (t) => {
  const { store, record, start, finish } = await open(t)
  const one = await start()
  const first = await record(one, 1, { attempt: 1 })
  await finish(one)
  const two = await start()
  await store.reuseAttempts(two, [first])
  await store.reuseAttempts(two, [first])
  await record(two, 2, { attempt: 2 })
  const three = await start()
  await store.reuseAttempts(three, (await store.attemptsOf(two)).attempts)
  assert.deepEqual(await outputsOf(store, two), [
    [one, 1, output(1)],
    [two, 2, output(2)],
  ])
  assert.deepEqual(await outputsOf(store, three), await outputsOf(store, two))
  assert.deepEqual(
    (await store.attemptNames(three)).map(({ attempt }) => attempt),
    [1, 2],
  )
  assert.equal((await store.attemptsLike(identityOf(1), 9)).length, 1, 'reusing is not another observation')
})

test('what has left the store meanwhile is not reused, and the rest is', async (t) => {
  const { store, record, start } = await open(t)
  const [one, two] = [await start(), await start()]
  const first = await record(one, 1)
  const unknown = { run: one, id: 'no-such-attempt' }
  await store.reuseAttempts(two, [unknown, first])
  assert.deepEqual((await store.attemptsOf(two)).attempts, [first])
})

test('a removed run leaves the attempts that others reuse to the oldest of them', async (t) => {
  const { store, record, start, finish, evidence } = await open(t)
  const one = await start()
  const kept = await record(one, 1, { attempt: 1 })
  await record(one, 2, { attempt: 2 })
  await finish(one)
  const [two, three] = [await start(), await start()]
  for (const run of [two, three]) {
    await store.reuseAttempts(run, [kept])
    await finish(run)
  }
  await store.removeRun(one)
  assert.deepEqual(await store.runIds(), [two, three])
  assert.deepEqual(await outputsOf(store, two), [[two, 1, output(1)]])
  assert.deepEqual(await outputsOf(store, three), [[two, 1, output(1)]])
  assert.deepEqual((await readdir(evidence)).toSorted(), [two, three])
  assert.deepEqual(await store.attemptsLike(identityOf(2), 9), [])
  await store.removeRun(two)
  assert.deepEqual(await outputsOf(store, three), [[three, 1, output(1)]])
  await store.removeRun(three)
  assert.deepEqual([await store.runIds(), await readdir(evidence)], [[], []])
})

test('a run that somebody is at, a pinned one and an unknown one are not removed', async (t) => {
  const { folder, store, start, finish } = await open(t)
  const run = await start()
  await assert.rejects(store.removeRun(run), { name: 'UserError', message: new RegExp(`process ${process.pid} is still at`) })
  await finish(run)
  const raw = openDatabase(join(folder, 'store.sqlite'), { readOnly: false })
  raw.run('UPDATE runs SET pinned = 1 WHERE id = ?', run)
  raw.close()
  await assert.rejects(store.removeRun(run), { name: 'UserError', message: `run ${run} is pinned` })
  await assert.rejects(store.removeRun('2026-01-01-1'), { name: 'UserError', message: /there is no run/ })
  assert.deepEqual(await store.runIds(), [run])
})

test('a removal killed before its transaction changes nothing, and is done again', async (t) => {
  const { folder, store, record, start, finish, evidence } = await open(t)
  const one = await start()
  const kept = await record(one, 1)
  await finish(one)
  const two = await start()
  await store.reuseAttempts(two, [kept])
  await store.releaseRun(two)
  // The links were made, then the process died.
  await cp(join(evidence, one, kept.id), join(evidence, two, kept.id), { recursive: true })
  const next = await openStore(folder)
  t.after(() => next.close())
  await next.claimRun(two)
  const all = await outputsOf(next, two)
  assert.deepEqual(all, [[one, 1, output(1)]], 'the folder of a reused attempt is not taken for one of its own')
  await next.finishRun(two, '2026-11-21T12:00:00.000Z')
  await next.removeRun(one)
  assert.deepEqual(await outputsOf(next, two), [[two, 1, output(1)]])
})

test('a removal killed around its commit: a stored run has its folder back, any other is gone', async (t) => {
  const { folder, store, record, start, finish, evidence } = await open(t)
  const one = await start()
  await record(one, 1)
  await finish(one)
  await rename(join(evidence, one), join(evidence, `.removed-${one}`))
  await mkdir(join(evidence, '.removed-2026-01-01-1', 'x'), { recursive: true })
  const next = await openStore(folder)
  t.after(() => next.close())
  assert.deepEqual(await outputsOf(next, one), [[one, 1, output(1)]])
  assert.deepEqual(await readdir(evidence), [one])
  assert.equal((await store.runIds()).length, 1)
})

test('a recovered attempt has its identity again', async (t) => {
  const { folder, store, record, start } = await open(t)
  const one = await start()
  const found = await record(one, 1)
  await store.releaseRun(one)
  const raw = openDatabase(join(folder, 'store.sqlite'), { readOnly: false })
  raw.run('DELETE FROM attempts')
  raw.close()
  await store.claimRun(one)
  assert.deepEqual(await store.attemptsLike(identityOf(1), 9), [found])
})
