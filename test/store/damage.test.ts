import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, cp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openDatabase } from '#store/database.ts'
import { openStore, openStoreForReading } from '#store/index.ts'
import { attemptIn, newRun, sampleLogs, temporaryFolder } from '../helpers/evidence.ts'

/** A closed store with one run of three attempts. */
async function stored(t: TestContext) {
  const folder = await temporaryFolder(t)
  const logs = await temporaryFolder(t)
  const store = await openStore(folder)
  const { id: run } = await store.createRun(newRun)
  const ids: string[] = []
  for (const attempt of [1, 2, 3]) ids.push((await store.recordAttempt(run, await attemptIn(logs, { attempt }), logs)).id)
  await store.releaseRun(run)
  store.close()
  const [first = '', second = '', third = ''] = ids
  const places = { evidence: join(folder, 'evidence', run), database: join(folder, 'store.sqlite') }
  return { folder, run, first, second, third, ...places }
}

async function flipByte(path: string): Promise<void> {
  const content = await readFile(path)
  content[content.length >> 1]! ^= 1
  await chmod(path, 0o644)
  await writeFile(path, content)
}

test('an evidence folder is what sha256sum takes it for, and read-only', async (t) => {
  const { evidence, first } = await stored(t)
  const folder = join(evidence, first)
  assert.deepEqual((await readdir(folder)).toSorted(), ['SHA256SUMS', 'console.log.zst', 'evidence.json', 'output.log'])
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder })
  for (const name of await readdir(folder)) assert.equal((await stat(join(folder, name))).mode & 0o222, 0, name)
})

test('a damaged log costs that log only', async (t) => {
  const { folder, run, evidence, first, second, third } = await stored(t)
  await flipByte(join(evidence, first, 'console.log.zst'))
  await rm(join(evidence, second, 'output.log'))
  const store = await openStoreForReading(folder)
  t.after(() => store.close())
  const { attempts } = await store.attemptsOf(run)
  const read = await Promise.all(attempts.map((attempt) => store.readLogs(attempt)))
  const whole = read.map(({ console, output }) => [console !== null, output !== null])
  assert.deepEqual(whole, [
    [false, true],
    [true, false],
    [true, true],
  ])
  assert.deepEqual(
    read.flatMap((logs) => logs.problems),
    [
      { attempt: first, message: 'console.log.zst is not as it was stored' },
      { attempt: second, message: 'output.log is missing' },
    ],
  )
  assert.equal(attempts[2]?.id, third)
})

test('a missing folder is told, and its evidence is still in the row', async (t) => {
  const { folder, run, evidence, second } = await stored(t)
  await rename(join(evidence, second), join(folder, 'elsewhere'))
  const store = await openStoreForReading(folder)
  t.after(() => store.close())
  const { attempts, problems } = await store.attemptsOf(run)
  assert.deepEqual(problems, [{ attempt: second, message: 'its evidence folder is missing' }])
  assert.deepEqual(
    attempts.map(({ evidence: { job } }) => job.attempt),
    [1, 2, 3],
  )
})

test('a row that cannot be read is told, and the others are read', async (t) => {
  const { folder, run, second, database } = await stored(t)
  const raw = openDatabase(database, { readOnly: false })
  raw.run('UPDATE attempts SET evidence = ? WHERE id = ?', '{"schema":', second)
  raw.close()
  const store = await openStoreForReading(folder)
  t.after(() => store.close())
  const { attempts, problems } = await store.attemptsOf(run)
  assert.deepEqual(problems, [{ attempt: second, message: 'its row in the store cannot be read' }])
  assert.deepEqual(
    attempts.map(({ evidence: { job } }) => job.attempt),
    [1, 3],
  )
})

test('a whole folder without a row is picked up; half a folder and a damaged one go', async (t) => {
  const { folder, run, evidence, first, second, database } = await stored(t)
  const raw = openDatabase(database, { readOnly: false })
  raw.run('DELETE FROM attempts WHERE id IN (?, ?)', first, second)
  raw.close()
  await cp(join(evidence, first), join(evidence, `.${first}`), { recursive: true })
  await flipByte(join(evidence, second, 'output.log'))
  const store = await openStore(folder)
  t.after(() => store.close())
  const { attempts, problems } = await store.attemptsOf(run)
  assert.deepEqual(problems, [])
  assert.deepEqual(
    attempts.map(({ evidence: { job } }) => job.attempt),
    [1, 3],
  )
  const [found] = attempts
  assert.ok(found)
  assert.deepEqual((await store.readLogs(found)).output?.toString(), sampleLogs(1).output.toString())
  assert.deepEqual((await readdir(evidence)).toSorted(), attempts.map(({ id }) => id).toSorted())
})

test('what is no database is refused, named, and left alone', async (t) => {
  const { folder, database } = await stored(t)
  const noise = Buffer.alloc(8192, 'this is no database. ')
  await writeFile(database, noise)
  const refused = { name: 'InfraError', message: new RegExp(`${database} is damaged`), hint: new RegExp(`move ${database}`) }
  await assert.rejects(openStore(folder), refused)
  await assert.rejects(openStoreForReading(folder), refused)
  assert.ok(noise.equals(await readFile(database)))
})

test('a database with a damaged page is told as damaged when it is met', async (t) => {
  const { folder, run, database } = await stored(t)
  const content = await readFile(database)
  content.fill(0xff, 4096)
  await writeFile(database, content)
  const store = await openStoreForReading(folder)
  t.after(() => store.close())
  await assert.rejects(store.attemptsOf(run), { name: 'InfraError', message: /is damaged/ })
})

test('after the database was moved away, old evidence is neither taken over nor touched', async (t) => {
  const { folder, evidence, run } = await stored(t)
  for (const name of await readdir(folder)) if (name.startsWith('store.sqlite')) await rm(join(folder, name))
  const before = await readdir(evidence)
  const store = await openStore(folder)
  t.after(() => store.close())
  assert.deepEqual(await store.listRuns(), [])
  assert.notEqual((await store.createRun(newRun)).id, run)
  assert.deepEqual(await readdir(evidence), before)
})

test('a store of a newer kwitness is not touched', async (t) => {
  const { folder, database } = await stored(t)
  const raw = openDatabase(database, { readOnly: false })
  raw.run('PRAGMA user_version = 999')
  raw.close()
  const refused = { name: 'UserError', message: /newer kwitness/ }
  await assert.rejects(openStore(folder), refused)
  await assert.rejects(openStoreForReading(folder), refused)
})

test('a folder that is a file is refused', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'state'), '')
  await assert.rejects(openStore(join(folder, 'state')), { name: 'InfraError', message: /cannot write/ })
})
