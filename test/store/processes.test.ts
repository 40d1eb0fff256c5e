import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '#store/index.ts'
import { startRecording } from '../helpers/store-children.ts'
import { temporaryFolder } from '../helpers/evidence.ts'

test('processes that start on a new store at once each get a run of their own', async (t) => {
  const folder = await temporaryFolder(t)
  const logs = await temporaryFolder(t)
  const children = [1, 2, 3, 4].map(() => startRecording(folder, 'new', 5, logs))
  for (const { ended } of children) assert.deepEqual(await ended, { code: 0, stderr: '' })
  const store = await openStore(folder)
  t.after(() => store.close())
  const runs = await store.listRuns()
  assert.deepEqual(
    runs.map(({ id }) => id),
    [1, 2, 3, 4].map((number) => `2026-11-21-${number}`),
  )
  for (const { id } of runs) {
    const { attempts, problems } = await store.attemptsOf(id)
    assert.deepEqual([attempts.length, problems], [5, []])
  }
})

test('a run that a living process is at cannot be taken over; once it is dead, it can', async (t) => {
  const folder = await temporaryFolder(t)
  const child = startRecording(folder, 'new', 100_000, await temporaryFolder(t))
  const run = (await child.nextLine())?.slice('run '.length) ?? ''
  await child.nextLine()
  const store = await openStore(folder)
  t.after(() => store.close())
  assert.equal((await store.readRun(run)).owner, child.process.pid)
  const message = `another kwitness (process ${child.process.pid}) is still at run ${run}`
  await assert.rejects(store.claimRun(run), { name: 'UserError', message })
  child.process.kill('SIGKILL')
  await child.ended
  assert.equal((await store.claimRun(run)).owner, process.pid)
})
