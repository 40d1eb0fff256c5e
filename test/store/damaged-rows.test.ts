/** Rows of the store whose JSON is damaged: each costs what it held, and nothing else. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readEvidenceFolder } from '#store/evidence-folder.ts'
import { openDatabase } from '#store/database.ts'
import { openStore, openStoreForReading } from '#store/index.ts'
import { assertBearsDamage } from '#test/schema/damaged-json.ts'
import { attemptIn, host, kernel, newRun, temporaryFolder } from '../helpers/evidence.ts'
import { rate } from '../helpers/judging.ts'

const CLAIMS = {
  kernel: kernel.id,
  changelog: { sha256: 'ab'.repeat(32), build: kernel.build, instead: null },
  gitTree: { revision: 'v6.1.170', commits: [{ hash: 'cd'.repeat(20), subject: 'mm: fix', lines: [] }] },
}

/** A store with a row in every table, open twice: to damage a row, and to read it. */
async function opened(t: TestContext) {
  const [folder, logs] = [await temporaryFolder(t), await temporaryFolder(t)]
  const store = await openStore(folder)
  const { id: run } = await store.createRun(newRun)
  const evidence = await attemptIn(logs)
  const { id: attempt } = await store.recordAttempt(run, evidence, logs)
  await store.recordKernel(kernel, 'ab'.repeat(32))
  await store.recordRates([rate(), rate({ case: 'another-case' })])
  await store.recordClaimSources(run, [CLAIMS], new Map())
  store.close()
  const raw = openDatabase(join(folder, 'store.sqlite'), { readOnly: false })
  // Some thousand changes that no power cut has to spare.
  raw.all('PRAGMA synchronous = OFF')
  const reader = await openStoreForReading(folder)
  t.after(() => {
    raw.close()
    reader.close()
  })
  return { raw, reader, run, evidence, folder: join(folder, 'evidence', run, attempt) }
}

test('a rate that cannot be read is left out, and the others are there', async (t) => {
  const { raw, reader } = await opened(t)
  raw.run("UPDATE rates SET rate = ? WHERE json_extract(rate, '$.case') = 'another-case'", '{"case":"another-case"}')
  assert.deepEqual(await reader.rates(), [rate()])
})

test('sources of claims that cannot be read are unavailable, and say why', async (t) => {
  const { raw, reader, run } = await opened(t)
  assert.deepEqual(await reader.claimSourcesOf(run), [CLAIMS])
  raw.run('UPDATE claim_sources SET sources = ?', '[]')
  const damaged = { unavailable: 'the stored copy is damaged' }
  assert.deepEqual(await reader.claimSourcesOf(run), [{ kernel: kernel.id, changelog: damaged, gitTree: damaged }])
})

test('a kernel that cannot be read is left out', async (t) => {
  const { raw, reader } = await opened(t)
  assert.equal((await reader.kernelsSeen()).length, 1)
  raw.run('UPDATE kernels SET kernel = ?', '{}')
  assert.deepEqual(await reader.kernelsSeen(), [])
})

test('evidence that is JSON and of another schema is told', async (t) => {
  const { raw, reader, run, evidence } = await opened(t)
  raw.run('UPDATE attempts SET evidence = ?', JSON.stringify({ ...evidence, schema: 'kwitness.evidence/2' }))
  const { attempts, problems } = await reader.attemptsOf(run)
  assert.deepEqual([attempts, problems.map(({ message }) => message)], [[], ['its row in the store cannot be read']])
})

test('a field that a newer kwitness added costs nothing', async (t) => {
  const { raw, reader, run, evidence } = await opened(t)
  raw.run('UPDATE attempts SET evidence = ?', JSON.stringify({ ...evidence, later: 1, guest: { ...evidence.guest, later: [] } }))
  assert.deepEqual((await reader.attemptsOf(run)).attempts[0]?.evidence, evidence)
})

test('a run whose host cannot be read is told with its id', async (t) => {
  const { raw, reader, run } = await opened(t)
  raw.run('UPDATE runs SET host = ?', '{"kernel":1}')
  await assert.rejects(reader.readRun(run), { name: 'InfraError', message: `the host of run ${run} cannot be read` })
})

test('no damage of a row gives anything but a result or one of our errors', async (t) => {
  const { raw, reader, run, evidence } = await opened(t)
  const rows: readonly [table: string, column: string, valid: unknown, read: () => Promise<unknown>][] = [
    ['runs', 'host', host, () => reader.listRuns()],
    ['rates', 'rate', rate(), () => reader.rates()],
    ['kernels', 'kernel', kernel, () => reader.kernelsSeen()],
    ['claim_sources', 'sources', CLAIMS, () => reader.claimSourcesOf(run)],
    ['attempts', 'evidence', evidence, () => reader.attemptTimes()],
    [
      'attempts',
      'evidence',
      evidence,
      async () => {
        for (const attempt of (await reader.attemptsOf(run)).attempts) await reader.readLogs(attempt)
      },
    ],
  ]
  for (const [table, column, valid, read] of rows) {
    await assertBearsDamage(valid, (json) => {
      raw.run(`UPDATE ${table} SET ${column} = ?`, json)
      return read()
    })
    raw.run(`UPDATE ${table} SET ${column} = ?`, JSON.stringify(valid))
  }
})

test('no damage of an evidence.json, its sum made anew, gives anything but a result', async (t) => {
  const { evidence, folder } = await opened(t)
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o644)
  const sums = await readFile(join(folder, 'SHA256SUMS'), 'utf8')
  await assertBearsDamage(evidence, async (json) => {
    await writeFile(join(folder, 'evidence.json'), json)
    const sum = createHash('sha256').update(json).digest('hex')
    await writeFile(join(folder, 'SHA256SUMS'), sums.replace(/^\w+(?= {2}evidence\.json$)/m, sum))
    const { value, problem } = await readEvidenceFolder(folder)
    assert.ok(value !== null || problem !== '')
  })
})
