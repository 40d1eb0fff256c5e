/** Attempts that are stored together: their folders at the same time, their rows at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '#store/index.ts'
import { attemptIn, kernel, newRun, sampleLogs, temporaryFolder } from '../helpers/evidence.ts'

const sha256 = 'ab'.repeat(32)

test('many attempts are stored at once with their kernels, all or none', async (t) => {
  const store = await openStore(await temporaryFolder(t))
  t.after(() => store.close())
  const making = Array.from({ length: 40 }, async (_, n) => {
    const logs = await temporaryFolder(t)
    return { evidence: await attemptIn(logs, { attempt: n + 1 }), logs }
  })
  const attempts = await Promise.all(making)
  const all = attempts.map(({ evidence }) => evidence)

  const { id: failed } = await store.createRun(newRun)
  const first = all[0]!
  const broken = { ...first, console: { ...first.console, bytes: first.console.bytes + 1 } }
  const withBroken = [...attempts.slice(1), { ...attempts[0]!, evidence: broken }]
  await assert.rejects(store.recordAttempts(failed, [{ kernel, sha256 }], withBroken), {
    name: 'InvariantError',
    message: /console.log/,
  })
  assert.deepEqual([await store.attemptsOf(failed), await store.kernelsSeen()], [{ attempts: [], problems: [] }, []])

  const { id: run } = await store.createRun(newRun)
  await store.recordAttempts(run, [{ kernel, sha256 }], attempts)
  const stored = await store.attemptsOf(run)
  assert.deepEqual([stored.attempts.map(({ evidence }) => evidence), stored.problems], [all, []])
  const { console, output } = await store.readLogs(stored.attempts[39]!)
  const sample = sampleLogs(40)
  assert.deepEqual(
    [Buffer.from(console ?? []), Buffer.from(output ?? [])],
    [Buffer.from(sample.console), Buffer.from(sample.output)],
  )
  assert.deepEqual(
    (await store.kernelsSeen()).map((one) => [one.kernel, one.sha256]),
    [[kernel, sha256]],
  )

  await assert.rejects(store.recordAttempts(run, [], attempts.slice(0, 1)), { message: /already recorded/ })
  await store.releaseRun(run)
  await assert.rejects(store.recordAttempts(run, [], attempts.slice(0, 1)), { message: /not owned/ })
})
