/** `runs rm` by size: what later runs reuse of a removed run moves to them, and the limit holds all the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { removeBeyond, retainedRuns } from '#cli/commands/retention/runs.ts'
import { openStore } from '#store/index.ts'
import type { AttemptRecord } from '#store/ports.ts'
import { attemptIn, newRun, temporaryFolder } from '#test/helpers/evidence.ts'

/** Attempts that the first run makes and every later one reuses, beside one of its own. */
const SHARED = 3
const RUNS = 4

test('a limit of size holds after the removal, and the newest run keeps all that it reuses', async (t) => {
  const store = await openStore(await temporaryFolder(t))
  t.after(() => store.close())
  const logs = await temporaryFolder(t)
  let number = 0
  const record = async (run: string): Promise<AttemptRecord> => {
    number += 1
    const evidence = { ...(await attemptIn(logs, { attempt: number })), identity: String(number % 10).repeat(64) }
    return store.recordAttempt(run, evidence, logs)
  }
  const ids: string[] = []
  const shared: AttemptRecord[] = []
  for (let index = 0; index < RUNS; index += 1) {
    const { id } = await store.createRun(newRun)
    ids.push(id)
    await store.reuseAttempts(id, shared)
    for (let count = index === 0 ? SHARED : 1; count > 0; count -= 1) {
      const made = await record(id)
      if (index === 0) shared.push(made)
    }
    await store.finishRun(id, `2026-11-2${index}T11:00:00.000Z`)
  }
  const bytesOf = async (): Promise<number> => (await retainedRuns(store)).reduce((sum, { bytes }) => sum + bytes, 0)
  const total = await bytesOf()
  const limits = { maxBytes: Math.round((total * (SHARED + 1.5)) / (SHARED + RUNS - 1)) }
  const gone = await removeBeyond(store, limits, new Set([ids[1] ?? '']))
  assert.deepEqual(gone.map(({ name }) => name).toSorted(), [ids[0], ids[2]], 'the held one stays, and the newest')
  const held = await bytesOf()
  assert.ok(held < total)
  assert.deepEqual(
    (await removeBeyond(store, limits)).map(({ name }) => name),
    [ids[1]],
  )
  assert.ok((await bytesOf()) <= limits.maxBytes)
  const { attempts, problems } = await store.attemptsOf(ids.at(-1) ?? '')
  assert.deepEqual([attempts.length, problems], [SHARED + 1, []])
})
