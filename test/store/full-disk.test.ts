import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from '#store/index.ts'
import { attemptIn, newRun, temporaryFolder } from '../helpers/evidence.ts'

/** Record into a store on a disk of 1 MiB until it is full, then make it larger and go on. */
async function fillAndGrow(disk: string, logs: string): Promise<void> {
  const store = await openStore(disk)
  try {
    const { id: run } = await store.createRun(newRun)
    let attempt = 0
    const full = async () => {
      while (attempt < 1000) {
        await store.recordAttempt(run, await attemptIn(logs, { attempt: attempt + 1 }), logs)
        attempt += 1
      }
    }
    await assert.rejects(full, { name: 'InfraError', message: /ENOSPC|does not fit/, hint: /free some space/ })
    const { attempts, problems } = await store.attemptsOf(run)
    assert.deepEqual([attempts.length, problems], [attempt, []])

    execFileSync('mount', ['-o', 'remount,size=4m', disk])
    await store.recordAttempt(run, await attemptIn(logs, { attempt: attempt + 1 }), logs)
    const after = await store.attemptsOf(run)
    assert.deepEqual([after.attempts.length, after.problems], [attempt + 1, []])
  } finally {
    store.close()
  }
}

test('a full disk is told as such, loses nothing recorded, and is over when there is room', async (t) => {
  const disk = join(await temporaryFolder(t), 'disk')
  await mkdir(disk)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'kwitness-test', disk], { stdio: 'pipe' })
  } catch {
    t.skip('a small file system cannot be mounted here (needs root)')
    return
  }
  try {
    await fillAndGrow(disk, await temporaryFolder(t))
  } finally {
    // This process goes on to say that it lives by a file there.
    execFileSync('umount', ['--lazy', disk])
  }
})
