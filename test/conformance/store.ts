/** What every store must hold to, whatever it is made of. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { test, type TestContext } from 'node:test'
import type { ControlRate } from '#domain/control.ts'
import { profileName } from '#domain/profile.ts'
import type { ReadRuns, Store } from '#store/ports.ts'
import { attemptIn, host, kernel, newRun, sampleLogs, temporaryFolder } from '../helpers/evidence.ts'
import { rate } from '../helpers/judging.ts'

export interface StoreUnderTest {
  readonly name: string
  /** Open the store that belongs to this folder, making it where there is none. */
  readonly open: (folder: string) => Promise<Store>
  readonly openForReading: (folder: string) => Promise<ReadRuns>
}

/** Register the tests of the contract for one implementation. */
export function storeConformance({ name, open, openForReading }: StoreUnderTest): void {
  const fresh = async (t: TestContext) => {
    const folder = await temporaryFolder(t)
    const logs = await temporaryFolder(t)
    const store = await open(folder)
    t.after(() => store.close())
    return { folder, logs, store }
  }

  const check = (title: string, body: (given: Awaited<ReturnType<typeof fresh>>, t: TestContext) => Promise<void>) =>
    test(`${name}: ${title}`, async (t) => body(await fresh(t), t))

  check('a new store has no runs', async ({ store }) => {
    assert.deepEqual(await store.listRuns(), [])
    assert.equal((await store.listRuns()).at(-1), undefined)
  })

  check('runs are named by day and number, and listed in the order they were started', async ({ store }) => {
    const times = ['2026-11-21T23:59:59', '2026-11-21T10:00:00', '2026-11-22T00:00:00', '2026-11-21T12:00:00']
    const starts = times.map((time) => `${time}.000Z`)
    for (const startedAt of starts) await store.createRun({ ...newRun, startedAt })
    const runs = await store.listRuns()
    assert.deepEqual(
      runs.map((run) => run.id),
      ['2026-11-21-1', '2026-11-21-2', '2026-11-22-1', '2026-11-21-3'],
    )
    assert.deepEqual(
      runs.map((run) => run.startedAt),
      starts,
    )
    assert.equal((await store.listRuns()).at(-1)?.id, '2026-11-21-3')
  })

  check('the tenth run of a day comes after the ninth', async ({ store }) => {
    for (let count = 0; count < 11; count += 1) await store.createRun(newRun)
    assert.equal((await store.listRuns()).at(-1)?.id, '2026-11-21-11')
  })

  check('a run comes back as it was made', async ({ store }) => {
    const plan = { text: 'ü <script>\n', nested: [{ a: 1, b: null }], big: 'x'.repeat(100_000) }
    const origin = { checkout: '/src/kwitness', command: ['run', '--kernels', 'ü, x'] }
    const { id } = await store.createRun({ ...newRun, plan, origin })
    const expected = { id, startedAt: newRun.startedAt, finishedAt: null, plan, host, owner: process.pid, origin }
    assert.deepEqual(await store.readRun(id), expected)
    await store.finishRun(id, '2026-11-21T11:00:00.000Z')
    assert.deepEqual(await store.readRun(id), { ...expected, finishedAt: '2026-11-21T11:00:00.000Z', owner: null })
  })

  check('an unknown run is the mistake of who asked for it', async ({ store }) => {
    await store.createRun(newRun)
    const unknown = { name: 'UserError', message: /no run 2026-11-21-7/, hint: /2026-11-21-1/ }
    await assert.rejects(store.readRun('2026-11-21-7'), unknown)
    await assert.rejects(store.attemptsOf('nonsense'), { name: 'UserError' })
    await assert.rejects(store.claimRun('nonsense'), { name: 'UserError' })
  })

  check('attemptTimes covers all runs, the newest first', async ({ store, logs }) => {
    assert.deepEqual(await store.attemptTimes(), [])
    for (const seconds of [1.5, 2.5]) {
      const { id } = await store.createRun(newRun)
      await store.recordAttempt(id, { ...(await attemptIn(logs, sampleLogs(1))), seconds }, logs)
    }
    const times = await store.attemptTimes()
    assert.deepEqual(
      times.map(({ seconds }) => seconds),
      [2.5, 1.5],
    )
    const { job } = await attemptIn(logs, sampleLogs(1))
    assert.deepEqual(
      times.map((time) => time.case),
      [job.case, job.case],
    )
    assert.ok(times.every(({ profile }) => profile === profileName(job.profile)))
  })

  check('an attempt comes back with its logs, byte for byte', async ({ store, logs }) => {
    const { id: run } = await store.createRun(newRun)
    const noise = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * index) % 251))
    const empty = Buffer.alloc(0)
    const block = Buffer.alloc(4096, 10)
    const shapes = [sampleLogs(1), { console: empty, output: noise }, { console: noise, output: block }]
    for (const [index, shape] of shapes.entries()) {
      const evidence = await attemptIn(logs, { attempt: index + 1, ...shape })
      const recorded = await store.recordAttempt(run, evidence, logs)
      assert.deepEqual(recorded.evidence, evidence)
    }
    const { attempts, problems } = await store.attemptsOf(run)
    assert.deepEqual(problems, [])
    assert.deepEqual(
      attempts.map((attempt) => attempt.evidence.job.attempt),
      [1, 2, 3],
    )
    for (const [index, attempt] of attempts.entries()) {
      const read = await store.readLogs(attempt)
      assert.deepEqual(read.problems, [])
      assert.ok(read.console && shapes[index]?.console.equals(read.console), `console ${index}`)
      assert.ok(read.output && shapes[index]?.output.equals(read.output), `output ${index}`)
    }
  })

  check('rates come back as they were measured, each in place of the last one of the same', async ({ store }) => {
    assert.deepEqual(await store.rates(), [])
    const quiet = rate()
    const others = [
      rate({ series: '6.1.y' }),
      rate({ conditions: { ...quiet.conditions, load: 'loaded' } }),
      rate({ conditions: { ...quiet.conditions, qemu: '9.0.1' } }),
      rate({ codePath: 'io_uring' }),
      rate({ profile: 'x86_64-kvm-2cpu-1024m' }),
      rate({ program: 'cd'.repeat(32) }),
      rate({ case: 'another' }),
    ]
    await store.recordRates([quiet, ...others])
    const sorted = (rates: readonly ControlRate[]) => rates.map((one) => JSON.stringify(one)).toSorted()
    assert.deepEqual(sorted(await store.rates()), sorted([quiet, ...others]))
    const anew = rate({ kernel: 'bad-5.10.262', hits: 0, measuredAt: '2026-11-22T10:00:00.000Z' })
    await store.recordRates([anew])
    assert.deepEqual(sorted(await store.rates()), sorted([anew, ...others]))
  })

  check('who only reads sees the rates', async ({ folder, store }) => {
    await store.recordRates([rate()])
    const reader = await openForReading(folder)
    assert.deepEqual(await reader.rates(), [rate()])
    reader.close()
  })

  check('claim sources come back as stored, their changelog byte for byte, once for all runs', async ({ store }) => {
    const { id: run } = await store.createRun(newRun)
    assert.deepEqual(await store.claimSourcesOf(run), [])
    const text = Buffer.from(`linux (6.1.1-1) ü\n${'  * a line\n'.repeat(9000)}`)
    const sha256 = createHash('sha256').update(text).digest('hex')
    const named = { kernel: 'b', changelog: { sha256, build: '6.1.1-1', instead: null }, gitTree: null }
    const none = { kernel: 'a', changelog: { unavailable: 'the network is away' }, gitTree: { revision: 'v6.1', commits: [] } }
    assert.equal(await store.hasChangelog(sha256), false)
    await store.recordClaimSources(run, [named, none], new Map([[sha256, text]]))
    assert.equal(await store.hasChangelog(sha256), true)
    assert.deepEqual(await store.claimSourcesOf(run), [none, named])
    assert.equal(await store.changelog(sha256), text.toString('utf8'))
    assert.equal(await store.changelog('ab'.repeat(32)), null)

    const later = { ...none, changelog: named.changelog }
    await store.recordClaimSources(run, [later], new Map())
    assert.deepEqual(await store.claimSourcesOf(run), [later, named])
    const { id: other } = await store.createRun(newRun)
    assert.deepEqual(await store.claimSourcesOf(other), [])
    await store.recordClaimSources(other, [named], new Map([[sha256, Buffer.from('another text')]]))
    assert.equal(await store.changelog(sha256), text.toString('utf8'), 'what is kept is left as it is')
  })

  check('a reader sees claim sources; only the owner of a run writes them', async ({ folder, store }) => {
    const { id: run } = await store.createRun(newRun)
    const source = { kernel: 'a', changelog: null, gitTree: null }
    await store.recordClaimSources(run, [source], new Map())
    const reader = await openForReading(folder)
    assert.deepEqual(await reader.claimSourcesOf(run), [source])
    reader.close()
    await store.releaseRun(run)
    await assert.rejects(store.recordClaimSources(run, [source], new Map()), { name: 'InvariantError' })
  })

  check('the logs handed over stay where they are', async ({ store, logs }) => {
    const { id: run } = await store.createRun(newRun)
    await store.recordAttempt(run, await attemptIn(logs), logs)
    assert.deepEqual((await readdir(logs)).toSorted(), ['console.log', 'output.log'])
  })

  check('attempts are in the order of kernel, case and ordinal, however they came', async ({ store, logs }) => {
    const { id: run } = await store.createRun(newRun)
    for (const attempt of [11, 2, 1]) await store.recordAttempt(run, await attemptIn(logs, { attempt }), logs)
    await store.recordAttempt(run, await attemptIn(logs, { case: 'a-case' }), logs)
    await store.recordAttempt(run, await attemptIn(logs, { kernel: 'a-kernel' }), logs)
    const { attempts } = await store.attemptsOf(run)
    assert.deepEqual(
      attempts.map(({ evidence: { job } }) => [job.kernel, job.case, job.attempt]),
      [
        ['a-kernel', 'uffd-fork-event', 1],
        [kernel.id, 'a-case', 1],
        [kernel.id, 'uffd-fork-event', 1],
        [kernel.id, 'uffd-fork-event', 2],
        [kernel.id, 'uffd-fork-event', 11],
      ],
    )
    assert.equal(new Set(attempts.map((attempt) => attempt.id)).size, 5)
  })

  check('guests of two profiles are two attempts', async ({ store, logs }) => {
    const { id: run } = await store.createRun(newRun)
    const evidence = await attemptIn(logs)
    const larger = { ...evidence, job: { ...evidence.job, profile: { ...evidence.job.profile, memoryMiB: 1024 } } }
    const ids = [await store.recordAttempt(run, evidence, logs), await store.recordAttempt(run, larger, logs)].map(({ id }) => id)
    assert.notEqual(ids[0], ids[1])
  })

  check('an attempt is recorded once: evidence is never changed', async ({ store, logs }) => {
    const { id: run } = await store.createRun(newRun)
    await store.recordAttempt(run, await attemptIn(logs), logs)
    const changed = await attemptIn(logs, { output: Buffer.from('another') })
    await assert.rejects(store.recordAttempt(run, changed, logs), { name: 'InvariantError', message: /already recorded/ })
    const [attempt] = (await store.attemptsOf(run)).attempts
    assert.ok(attempt)
    assert.deepEqual((await store.readLogs(attempt)).output?.toString(), sampleLogs(1).output.toString())
  })

  check('logs that are not as the evidence says are refused, and nothing of the attempt stays', async ({ store, logs }) => {
    const { id: run } = await store.createRun(newRun)
    const evidence = await attemptIn(logs)
    const longer = { ...evidence, console: { ...evidence.console, bytes: evidence.console.bytes + 1 } }
    await assert.rejects(store.recordAttempt(run, longer, logs), { name: 'InvariantError', message: /console.log/ })
    const outside = { ...evidence, output: { ...evidence.output, file: '../output.log' } }
    await assert.rejects(store.recordAttempt(run, outside, logs), { name: 'InvariantError', message: /output.log/ })
    assert.deepEqual(await store.attemptsOf(run), { attempts: [], problems: [] })
    await store.recordAttempt(run, evidence, logs)
    assert.equal((await store.attemptsOf(run)).attempts.length, 1)
  })

  check('a run is written by its owner only', async ({ store, logs }) => {
    const { id: run } = await store.createRun(newRun)
    const evidence = await attemptIn(logs)
    await store.releaseRun(run)
    await assert.rejects(store.recordAttempt(run, evidence, logs), { name: 'InvariantError', message: /not owned/ })
    assert.equal((await store.claimRun(run)).owner, process.pid)
    await store.recordAttempt(run, evidence, logs)
    await store.finishRun(run, '2026-11-21T11:00:00.000Z')
    await assert.rejects(store.claimRun(run), { name: 'UserError', message: /finished/ })
    await assert.rejects(store.recordAttempt(run, evidence, logs), { name: 'InvariantError' })
  })

  check('two runs do not see each other', async ({ store, logs }) => {
    const first = await store.createRun(newRun)
    const second = await store.createRun(newRun)
    await store.recordAttempt(first.id, await attemptIn(logs), logs)
    await store.recordAttempt(second.id, await attemptIn(logs, { attempt: 2 }), logs)
    const ordinals = async (id: string) => (await store.attemptsOf(id)).attempts.map(({ evidence }) => evidence.job.attempt)
    assert.deepEqual([await ordinals(first.id), await ordinals(second.id)], [[1], [2]])
  })

  check('kernels are kept by id and image, with the release a guest said', async ({ store, logs }) => {
    const evidence = await attemptIn(logs)
    const { sha256, release } = evidence.kernel
    await store.recordKernel(kernel, sha256)
    await store.recordKernel(kernel, 'ff'.repeat(32))
    const { id: run } = await store.createRun(newRun)
    await store.recordAttempt(run, evidence, logs)
    await store.recordKernel(kernel, sha256)
    assert.deepEqual(await store.kernelsSeen(), [
      { kernel, sha256, release },
      { kernel, sha256: 'ff'.repeat(32), release: null },
    ])
  })

  check('who only reads sees what is being written, and cannot write', async ({ folder, logs, store }, t) => {
    const { id: run } = await store.createRun(newRun)
    const reader = await openForReading(folder)
    t.after(() => reader.close())
    assert.ok(!('recordAttempt' in reader))
    await store.recordAttempt(run, await attemptIn(logs), logs)
    const [attempt] = (await reader.attemptsOf(run)).attempts
    assert.ok(attempt)
    assert.deepEqual((await reader.readLogs(attempt)).output?.toString(), sampleLogs(1).output.toString())
  })

  check('all of it is there after closing and opening again', async ({ folder, logs, store }) => {
    const run = await store.createRun(newRun)
    const recorded = await store.recordAttempt(run.id, await attemptIn(logs), logs)
    const again = await open(folder)
    try {
      assert.deepEqual(await again.readRun(run.id), run)
      assert.deepEqual((await again.attemptsOf(run.id)).attempts, [recorded])
    } finally {
      again.close()
    }
  })

  test(`${name}: a store that was never written has nothing to report`, async (t) => {
    const folder = await temporaryFolder(t)
    await assert.rejects(openForReading(folder), { name: 'UserError', hint: /kwitness run/ })
    assert.deepEqual(await readdir(folder), [])
  })
}
