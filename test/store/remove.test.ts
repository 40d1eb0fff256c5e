/** Runs are removed with all they have, or not at all, and pinned or running ones never. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ClaimSources } from '#domain/claim-sources.ts'
import { openStore } from '#store/index.ts'
import type { Store } from '#store/ports.ts'
import { attemptIn, kernel, newRun, sampleLogs, temporaryFolder } from '../helpers/evidence.ts'

async function filled(t: TestContext, runs: number, attempts = 2) {
  const [folder, logs] = [await temporaryFolder(t), await temporaryFolder(t)]
  const store = await openStore(folder)
  const ids: string[] = []
  for (let run = 0; run < runs; run += 1) {
    const { id } = await store.createRun(newRun)
    for (let attempt = 1; attempt <= attempts; attempt += 1)
      await store.recordAttempt(id, await attemptIn(logs, { attempt, ...sampleLogs(attempt) }), logs)
    await store.finishRun(id, '2026-11-21T11:00:00.000Z')
    ids.push(id)
  }
  t.after(() => store.close())
  return { folder, logs, store, ids, evidence: join(folder, 'evidence') }
}

/** Every run has all its evidence, and no folder is left of any other one. */
async function assertWhole(store: Store, evidence: string, attempts: number): Promise<void> {
  const ids = await store.runIds()
  for (const id of ids) {
    const found = await store.attemptsOf(id)
    assert.equal(found.attempts.length, attempts, id)
    assert.deepEqual(found.problems, [], id)
    for (const attempt of found.attempts) assert.deepEqual((await store.readLogs(attempt)).problems, [])
  }
  assert.deepEqual((await readdir(evidence)).toSorted(), [...ids].toSorted())
}

test('a removed run is gone with its evidence, and others are as they were', async (t) => {
  const { store, ids, evidence } = await filled(t, 3, 1)
  await store.removeRun(ids[1]!)
  assert.deepEqual(await store.runIds(), [ids[0], ids[2]])
  await assert.rejects(store.attemptsOf(ids[1]!), { name: 'UserError' })
  await assert.rejects(store.removeRun(ids[1]!), { name: 'UserError', message: /no run/ })
  await assertWhole(store, evidence, 1)
})

test('the name of a run that is removed on its day is not given again', async (t) => {
  const { store, evidence } = await filled(t, 0)
  const startedAt = new Date().toISOString()
  const first = await store.createRun({ ...newRun, startedAt })
  await store.finishRun(first.id, startedAt)
  await store.removeRun(first.id)
  assert.notEqual((await store.createRun({ ...newRun, startedAt })).id, first.id)
  await mkdir(join(evidence, '2020-01-01-1'))
  await store.compact()
  assert.ok(!(await readdir(evidence)).includes('2020-01-01-1'), 'the empty folder of an earlier day goes')
})

test('pinned runs and runs under way stay', async (t) => {
  const { store, ids } = await filled(t, 2, 1)
  await store.pinRun(ids[0]!, true)
  assert.deepEqual(await store.pinnedRuns(), [ids[0]])
  await assert.rejects(store.removeRun(ids[0]!), { name: 'UserError', message: /pinned/, hint: /unpin/ })
  await store.pinRun(ids[0]!, false)
  await store.removeRun(ids[0]!)
  const { id } = await store.createRun(newRun)
  await assert.rejects(store.removeRun(id), { name: 'UserError', message: new RegExp(`process ${process.pid} is still at run`) })
  await assert.rejects(store.pinRun('2020-01-01-9', true), { name: 'UserError' })
  assert.deepEqual(await store.runIds(), [ids[1], id])
})

test('a removal that was killed before its end is taken back, after it completed', async (t) => {
  const { store, folder, ids, evidence } = await filled(t, 2, 1)
  // Killed inside the transaction: the folder has its new name, and the rows are still there.
  await rename(join(evidence, ids[0]!), join(evidence, `.removed-${ids[0]}`))
  // Killed after it: a folder without rows.
  await cp(join(evidence, ids[1]!), join(evidence, '.removed-2020-01-01-1'), { recursive: true })
  const again = await openStore(folder)
  await assertWhole(again, evidence, 1)
  again.close()
  assert.equal((await store.runIds()).length, 2)
})

test('kill -9 at any moment leaves each run whole or gone', async (t) => {
  const { store, folder, evidence } = await filled(t, 6, 1)
  let left = 6
  while (left > 0) {
    const program = fileURLToPath(new URL('../helpers/children/removing-child.ts', import.meta.url))
    const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'close')
    let said = ''
    // After its word the child is somewhere in the removal; how far differs each time.
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.split('\n').length > 2) child.kill('SIGKILL')
    })
    await exited
    const repaired = await openStore(folder)
    await assertWhole(repaired, evidence, 1)
    repaired.close()
    const now = (await store.runIds()).length
    assert.ok(now < left, 'each child removes a run at least')
    left = now
  }
})

test('the store shrinks when runs are gone, with the changelogs that only they named', async (t) => {
  const { store, folder, logs } = await filled(t, 0)
  const sources = (sha256: string): ClaimSources[] => [
    { kernel: kernel.id, changelog: { sha256, build: '6.1.170-1', instead: null }, gitTree: null },
  ]
  const ids: string[] = []
  for (let run = 0; run < 4; run += 1) {
    const { id } = await store.createRun(newRun)
    await store.recordAttempt(id, await attemptIn(logs), logs)
    const own = run === 0 ? 'a'.repeat(64) : 'b'.repeat(64)
    await store.recordClaimSources(id, sources(own), new Map([[own, Buffer.from(`${run}`.repeat(200))]]))
    await store.finishRun(id, newRun.startedAt)
    ids.push(id)
  }
  const database = new DatabaseSync(join(folder, 'store.sqlite'))
  database.exec('CREATE TABLE ballast (x BLOB)')
  database.exec(`INSERT INTO ballast VALUES (zeroblob(4000000))`)
  database.exec('DROP TABLE ballast')
  database.close()
  const sizes = await store.runBytes(ids)
  assert.ok([...sizes.values()].every((bytes) => bytes > 4096))
  for (const id of ids.slice(1)) await store.removeRun(id)
  assert.equal(await store.hasChangelog('b'.repeat(64)), true)
  const running = await store.createRun(newRun)
  assert.equal(await store.compact(), false, 'a run is under way')
  await store.releaseRun(running.id)
  assert.equal(await store.compact(), true)
  assert.equal(await store.hasChangelog('b'.repeat(64)), false)
  assert.equal(await store.hasChangelog('a'.repeat(64)), true)
  assert.ok((await stat(join(folder, 'store.sqlite'))).size < 1_000_000)
})
