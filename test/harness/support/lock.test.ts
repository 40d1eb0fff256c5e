import assert from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { withLock } from '#harness/support/lock.ts'
import { startProcess } from '#harness/support/process.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

test('one holder at a time has the lock, and an error of the work reaches the caller', async (t) => {
  const path = join(await temporaryFolder(t), 'locks', 'one.lock')
  let inside = 0
  const order: number[] = []
  const work = (number: number) =>
    withLock(path, undefined, async () => {
      inside += 1
      assert.equal(inside, 1)
      await new Promise(setImmediate)
      inside -= 1
      order.push(number)
      return number
    })
  assert.deepEqual(await Promise.all([work(1), work(2), work(3)]), [1, 2, 3])
  assert.deepEqual(order.toSorted(), [1, 2, 3])
  await assert.rejects(
    withLock(path, undefined, () => Promise.reject(new Error('from the work'))),
    /from the work/,
  )
  assert.equal(await work(4), 4)
})

test('the lock of a killed holder is released', async (t) => {
  const path = join(await temporaryFolder(t), 'one.lock')
  const script = `import { withLock } from ${JSON.stringify(import.meta.resolve('#harness/support/lock.ts'))}
await withLock(process.argv[1], undefined, () => { console.log('held'); return new Promise(() => setInterval(() => {}, 1000)) })`
  const holder = startProcess(process.execPath, ['--input-type=module', '-e', script, path], { stdout: 'pipe' })
  assert.ok(holder.stdout)
  await once(holder.stdout, 'data')
  const waiting = withLock(path, undefined, async () => 'mine')
  holder.kill('SIGKILL')
  assert.equal(await waiting, 'mine')
  await holder
})

test('a caller that waits for a lock can be aborted', async (t) => {
  const path = join(await temporaryFolder(t), 'one.lock')
  await withLock(path, undefined, async () => {
    const stop = new AbortController()
    const waiting = withLock(path, stop.signal, async () => 'never')
    stop.abort()
    await assert.rejects(waiting, { name: 'AbortError' })
  })
})
