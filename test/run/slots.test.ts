import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSlots } from '../../src/run/slots.ts'

/** A task whose end the test decides. */
function task(count: number) {
  let end: (error?: Error) => void = () => undefined
  const over = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve())
  })
  over.catch(() => undefined)
  return { count, over, end: (error?: Error) => end(error) }
}

/** Let everything that can go on do so. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

async function endInAnyOrder(total: number, counts: readonly number[], pick: IterableIterator<number>): Promise<void> {
  const slots = createSlots(total)
  const tasks = counts.map(task)
  const started: number[] = []
  const running = new Set<number>()
  const held = tasks.map((one, index) =>
    slots.hold(one.count, async () => {
      started.push(index)
      running.add(index)
      const used = [...running].reduce((sum, other) => sum + Math.min(counts[other] ?? 0, total), 0)
      assert.ok(used <= total, `${used} of ${total} are held`)
      await one.over
      running.delete(index)
      return index
    }),
  )
  await settled()
  while (running.size > 0) {
    const choices = [...running]
    tasks[choices[(pick.next().value ?? 0) % choices.length] ?? 0]?.end()
    await settled()
  }
  assert.deepEqual(started, counts.map((_, index) => index))
  assert.deepEqual(await Promise.all(held), started)
}

test('never more than there are, in the order they were asked for, and all come through', async () => {
  const total = fc.integer({ min: 1, max: 6 })
  const counts = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 20 })
  const property = fc.asyncProperty(total, counts, fc.infiniteStream(fc.nat()), endInAnyOrder)
  await fc.assert(property, { numRuns: 100 })
})

test('one that wants all is not passed by small ones that would fit', async () => {
  const slots = createSlots(2)
  const [small, all, late] = [task(1), task(2), task(1)]
  const order: string[] = []
  const hold = (one: typeof small, name: string) => slots.hold(one.count, () => (order.push(name), one.over))
  const held = [hold(small, 'small'), hold(all, 'all'), hold(late, 'late')]
  await settled()
  assert.deepEqual(order, ['small'])
  small.end()
  await settled()
  assert.deepEqual(order, ['small', 'all'])
  all.end()
  late.end()
  await Promise.all(held)
  assert.deepEqual(order, ['small', 'all', 'late'])
})

test('a task that fails gives its slots back, and its own error', async () => {
  const slots = createSlots(1)
  await assert.rejects(slots.hold(1, () => Promise.reject(new Error('task'))), { message: 'task' })
  await assert.rejects(slots.hold(1, () => { throw new Error('at once') }), { message: 'at once' })
  assert.equal(await slots.hold(1, () => Promise.resolve('next')), 'next')
})

test('once aborted nothing is started any more; what waits fails with the reason as soon as it could have started', async () => {
  const controller = new AbortController()
  const slots = createSlots(1, controller.signal)
  const first = task(1)
  const running = slots.hold(1, () => first.over)
  let started = false
  const waiting = Promise.allSettled([1, 1].map((count) => slots.hold(count, async () => void (started = true))))
  await settled()
  controller.abort(new Error('stop'))
  first.end()
  await running
  assert.deepEqual((await waiting).map((result) => result.status === 'rejected' && result.reason.message), ['stop', 'stop'])
  assert.equal(started, false)
  await assert.rejects(slots.hold(1, () => Promise.resolve()), { message: 'stop' })
})
