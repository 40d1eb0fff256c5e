/** A store that an earlier kwitness wrote is brought up to date when it is opened, for reading too. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { openStore, openStoreForReading } from '#store/index.ts'
import { migrations } from '#store/migrations.ts'
import type { ReadRuns } from '#store/ports.ts'
import { host, kernel, temporaryFolder } from '../helpers/evidence.ts'
import { race, rate, sampleEvidence, theCase } from '../helpers/judging.ts'
import { matrixControls } from '../helpers/reports/control-matrices.ts'

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

/** A store as an earlier kwitness left it: that many steps of the schema, and rows in the words of then. */
async function storedBefore(t: TestContext, steps: number, rows: Readonly<Record<string, readonly string[]>>): Promise<ReadRuns> {
  const folder = await temporaryFolder(t)
  const old = new DatabaseSync(join(folder, 'store.sqlite'))
  for (const step of migrations.slice(0, steps)) old.exec(step)
  for (const [table, values] of Object.entries(rows)) {
    const named = values.map((value) => `'${value.replaceAll("'", "''")}'`).join(', ')
    old.exec(`INSERT INTO ${table} VALUES (${named})`)
  }
  old.exec(`PRAGMA user_version = ${steps}`)
  old.close()
  const reader = await openStoreForReading(folder)
  t.after(() => reader.close())
  return reader
}

const inRuns = 'runs (id, started_at, plan, host)'
const ofRun = ['r1', 'then'] as const
const ofAttempt = ['r1', 'a1', 'k', 'c', 'p', '1', 'then'] as const

test('a plan and an attempt written before external modules had their name are read under that name', async (t) => {
  const plan = '{"cases":[{"needs":{"ownModules":[{"name":"pin","until":null}]},"title":"says \\"ownModules\\":"}]}'
  const evidence = sampleEvidence({ job: { ...sampleEvidence().job, externalModules: [{ name: 'pin', sha256: 'ab' }] } })
  const reader = await storedBefore(t, 3, {
    [inRuns]: [...ofRun, plan, JSON.stringify(host)],
    attempts: [...ofAttempt, inWordsOfThen(evidence).replaceAll('"externalModules":', '"ownModules":')],
  })
  const found = { cases: [{ needs: { externalModules: [{ name: 'pin', until: null }] }, title: 'says "ownModules":' }] }
  assert.deepEqual((await reader.readRun('r1')).plan, found)
  assert.deepEqual((await reader.attemptsOf('r1')).attempts[0]?.evidence, evidence)
})

/** New words, and the earlier ones that the migrations from step 5 on replace. */
const THEN = {
  '"oracle":"statistical"': '"witness":"race"',
  '"oracle":': '"witness":',
  '"series":"5.10"': '"line":"5.10"',
  '"summary":': '"because":',
  '"codePath":': '"trigger":',
  '"controlSummary":': '"leansOn":',
  '"notOnMirror":': '"gone":',
  '"result":': '"word":',
  '"already-present"': '"there"',
  '"bootMethod":': '"road":',
  '"raisedPriority":': '"preferred":',
  '"unavailable":': '"missing":',
  '"gitTree":': '"history":',
  '"noSnapshot":': '"freshBoot":',
} as const

const inWordsOfThen = (data: unknown): string =>
  Object.entries(THEN).reduce((text, [now, then]) => text.replaceAll(now, then), JSON.stringify(data))

test('a plan and claim sources of the step before the last are read in the words of today', async (t) => {
  const sources = { kernel: kernel.id, changelog: { unavailable: 'no network' }, gitTree: { revision: 'v6.1', commits: [] } }
  const plan = '{"noSnapshot":false,"cases":[{"title":"says \\"freshBoot\\":"}]}'
  const reader = await storedBefore(t, 5, {
    [inRuns]: [...ofRun, plan.replace('"noSnapshot"', '"freshBoot"'), JSON.stringify(host)],
    papers: ['r1', kernel.id, JSON.stringify(sources)],
  })
  assert.deepEqual((await reader.readRun('r1')).plan, JSON.parse(plan))
  assert.deepEqual(await reader.claimSourcesOf('r1'), [sources])
})

test('what was stored in earlier words is read in those of today', async (t) => {
  const hunk = { file: 'mm/x.c', line: 10, state: 'already-present' }
  const plan = {
    noSnapshot: true,
    cases: [race, { ...theCase, symptom: 'it prints "because": and "line":"x"' }],
    controls: matrixControls,
    rates: [rate()],
    listing: [{ ...kernel, notOnMirror: true }],
    verify: { bases: [{ tries: [{ result: 'already-applied', hunks: [hunk] }] }] },
  }
  const sources = { kernel: kernel.id, changelog: { unavailable: 'no network' }, gitTree: { revision: 'v6.1', commits: [] } }
  const reader = await storedBefore(t, 4, {
    [inRuns]: [...ofRun, inWordsOfThen(plan), JSON.stringify(host)],
    attempts: [...ofAttempt, inWordsOfThen(sampleEvidence())],
    rates: ['key', inWordsOfThen(rate())],
    papers: ['r1', kernel.id, inWordsOfThen(sources)],
  })
  assert.deepEqual((await reader.readRun('r1')).plan, JSON.parse(JSON.stringify(plan)))
  assert.deepEqual((await reader.attemptsOf('r1')).attempts[0]?.evidence, sampleEvidence())
  assert.deepEqual(await reader.rates(), [rate()])
  assert.deepEqual(await reader.claimSourcesOf('r1'), [sources])
})
