/** A store that an earlier kwitness wrote is brought up to date when it is opened, for reading too. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openStore, openStoreForReading } from '#store/index.ts'
import { migrations } from '#store/migrations.ts'
import { rate } from '../helpers/judging.ts'
import { temporaryFolder } from '../helpers/evidence.ts'

for (const steps of migrations.keys()) {
  test(`a store of ${steps} of the ${migrations.length} steps of the schema is read and written`, async (t) => {
    const folder = await temporaryFolder(t)
    const old = new DatabaseSync(join(folder, 'store.sqlite'))
    for (const step of migrations.slice(0, steps)) old.exec(step)
    old.exec(`PRAGMA user_version = ${steps}`)
    old.close()
    const reader = await openStoreForReading(folder)
    assert.deepEqual([await reader.listRuns(), await reader.rates()], [[], []])
    reader.close()
    const store = await openStore(folder)
    await store.recordRates([rate()])
    assert.deepEqual(await store.rates(), [rate()])
    store.close()
  })
}

test('a plan and an attempt written before external modules had their name are read under that name', async (t) => {
  const folder = await temporaryFolder(t)
  const old = new DatabaseSync(join(folder, 'store.sqlite'))
  const before = 3
  for (const step of migrations.slice(0, before)) old.exec(step)
  const need = '{"cases":[{"needs":{"ownModules":[{"name":"pin","until":null}]},"title":"says \\"ownModules\\":"}]}'
  const host = '{"kernel":"6.1.0","qemu":"7.2.22","cpus":2,"accelerator":"tcg"}'
  const evidence = '{"job":{"ownModules":[{"name":"pin","sha256":"ab"}]}}'
  old.prepare('INSERT INTO runs (id, started_at, plan, host) VALUES (?, ?, ?, ?)').run('r1', 'then', need, host)
  old.prepare("INSERT INTO attempts VALUES ('r1', 'a1', 'k', 'c', 'p', 1, 'then', ?)").run(evidence)
  old.exec(`PRAGMA user_version = ${before}`)
  old.close()
  const reader = await openStoreForReading(folder)
  const { plan } = await reader.readRun('r1')
  assert.deepEqual(plan, { cases: [{ needs: { externalModules: [{ name: 'pin', until: null }] }, title: 'says "ownModules":' }] })
  reader.close()
  const raw = new DatabaseSync(join(folder, 'store.sqlite'), { readOnly: true })
  const row = raw.prepare('SELECT evidence FROM attempts').get()
  assert.deepEqual(JSON.parse(String(row?.['evidence'])), { job: { externalModules: [{ name: 'pin', sha256: 'ab' }] } })
  raw.close()
})
