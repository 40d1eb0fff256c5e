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
