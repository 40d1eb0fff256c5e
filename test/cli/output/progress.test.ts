/** What is said while a command works, where nobody sees a moving line. */
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { createProgress } from '#cli/output/progress.ts'
import type { KernelProgress } from '#harness/kernels/index.ts'

test('a log is never silent for more than some 20 s while the work goes on', (t) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] })
  t.after(() => mock.timers.reset())
  const lines: string[] = []
  const stream = { isTTY: false, write: (text: string) => lines.push(text) > 0 } as unknown as NodeJS.WriteStream
  const progress = createProgress(stream, () => Date.now())
  const taken = (): string[] => lines.splice(0)
  const kernel = (event: Partial<KernelProgress>): void => {
    const whole = { kernel: 'k', message: 'm', doneBytes: null, totalBytes: null, ...event }
    progress.onEvent({ kind: 'kernel', progress: whole })
  }
  mock.timers.tick(19_000)
  assert.deepEqual(taken(), [])
  mock.timers.tick(1_000)
  assert.deepEqual(taken(), ['kwitness: still at it after 20 s: preparing\n'])
  kernel({ message: 'fetching a.deb', doneBytes: 3 << 20, totalBytes: 10 << 20 })
  mock.timers.tick(20_000)
  assert.deepEqual(taken(), ['kwitness: still at it after 40 s: k: fetching a.deb, 3.0 of 10.0 MiB\n'])
  kernel({ message: 'unpacking' })
  assert.deepEqual(taken(), ['kwitness: k: unpacking\n'])
  for (let step = 0; step < 9; step += 1) mock.timers.tick(5_000)
  assert.equal(taken().length, 2)
  progress.onEvent({ kind: 'attempt-started', kernel: 'k', case: 'c', attempt: 1 })
  mock.timers.tick(20_000)
  assert.deepEqual(taken(), ['kwitness: still at it after 105 s: k c\n'], 'an attempt is named, and the time is that of all')
  progress.end()
  mock.timers.tick(60_000)
  assert.deepEqual(taken(), [])
})
