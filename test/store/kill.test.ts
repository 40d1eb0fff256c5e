import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openStore } from '#store/index.ts'
import { startRecording } from '../helpers/store-children.ts'
import { sampleLogs, temporaryFolder } from '../helpers/evidence.ts'

const ROUNDS = 12

test('what a process was promised survives kill -9 at any moment, and the run goes on', async (t) => {
  const folder = await temporaryFolder(t)
  const logs = await temporaryFolder(t)
  // Steps of a small congruential generator: the moments are spread out, and the same in every run of this test.
  let state = 20261121
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const promised = new Set<number>()
  let run = 'new'
  for (let round = 0; round < ROUNDS; round += 1) {
    const child = startRecording(folder, run, 1000, logs)
    const first = await child.nextLine()
    assert.match(first ?? '', /^run /, first ?? (await child.ended).stderr)
    run = (first ?? '').slice('run '.length)
    for (let kept = below(4); kept > 0; kept -= 1) await child.nextLine()
    // Any moment will do: this waits for nothing, it picks the moment.
    await delay(below(25))
    child.process.kill('SIGKILL')
    await child.ended
    for (const line of child.said) if (line.startsWith('kept ')) promised.add(Number(line.slice('kept '.length)))

    const store = await openStore(folder)
    try {
      const { attempts, problems } = await store.attemptsOf(run)
      assert.deepEqual(problems, [], `round ${round}`)
      const kept = new Set(attempts.map(({ evidence }) => evidence.job.attempt))
      assert.deepEqual(
        [...promised].filter((attempt) => !kept.has(attempt)),
        [],
        `round ${round}`,
      )
      for (const attempt of attempts) {
        const read = await store.readLogs(attempt)
        const wrote = sampleLogs(attempt.evidence.job.attempt)
        assert.ok(read.console && wrote.console.equals(read.console) && read.output && wrote.output.equals(read.output))
      }
      assert.deepEqual((await readdir(join(folder, 'evidence', run))).toSorted(), attempts.map(({ id }) => id).toSorted())
      assert.equal((await store.readRun(run)).owner, null)
    } finally {
      store.close()
    }
  }
  assert.ok(promised.size >= ROUNDS, `${promised.size} attempts were promised in ${ROUNDS} rounds`)
})
