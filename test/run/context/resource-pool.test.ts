import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ResourcePool, type Amounts } from '#run/context/resource-pool.ts'

/** Run work with these amounts. */
async function hold<K extends string, T>(
  pool: ResourcePool<K>,
  want: Amounts<K>,
  weight: number,
  work: () => Promise<T>,
): Promise<T> {
  using _ = await pool.acquire(want, weight)
  return await work()
}

/** A task whose end the test decides. */
function task(cpus: number, memoryMiB = 0, weight = 0) {
  let end: (error?: Error) => void = () => undefined
  const over = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve())
  })
  over.catch(() => undefined)
  return { want: { cpus, memoryMiB }, weight, over, end: (error?: Error) => end(error) }
}

/** Wait until everything that can continue has done so. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

interface Request {
  readonly cpus: number
  readonly memoryMiB: number
  readonly weight: number
}

/** Ask for all of them at once, end what runs in the order that `pick` says, and look at who runs and who came when. */
async function endInAnyOrder(
  total: Omit<Request, 'weight'>,
  requests: readonly Request[],
  pick: IterableIterator<number>,
): Promise<void> {
  const pool = new ResourcePool(total)
  const first = task(total.cpus, total.memoryMiB)
  const gate = hold(pool, first.want, 0, () => first.over)
  const tasks = requests.map(({ cpus, memoryMiB, weight }) => task(cpus, memoryMiB, weight))
  const started: number[] = []
  const running = new Set<number>()
  const held = tasks.map((one, index) =>
    hold(pool, one.want, one.weight, async () => {
      started.push(index)
      running.add(index)
      for (const kind of ['cpus', 'memoryMiB'] as const) {
        const used = [...running].reduce((sum, other) => sum + Math.min(tasks[other]?.want[kind] ?? 0, total[kind]), 0)
        assert.ok(used <= total[kind], `${used} of ${total[kind]} ${kind} are held`)
      }
      await one.over
      running.delete(index)
      return index
    }),
  )
  first.end()
  await gate
  await settled()
  while (running.size > 0) {
    const choices = [...running]
    tasks[choices[(pick.next().value ?? 0) % choices.length] ?? 0]?.end()
    await settled()
  }
  const weightOf = (index: number): number => requests[index]?.weight ?? 0
  const heaviestFirst = requests.map((_, index) => index).toSorted((a, b) => weightOf(b) - weightOf(a))
  assert.deepEqual(started, heaviestFirst)
  assert.deepEqual(
    await Promise.all(held),
    requests.map((_, index) => index),
  )
}

test('never more than the total, the heaviest first and else in the order of the calls, and all of them start', async () => {
  const total = fc.record({ cpus: fc.integer({ min: 1, max: 6 }), memoryMiB: fc.integer({ min: 1, max: 9 }) })
  const request = fc.record({ cpus: fc.integer({ min: 1, max: 8 }), memoryMiB: fc.nat(12), weight: fc.nat(3) })
  const requests = fc.array(request, { maxLength: 20 })
  const property = fc.asyncProperty(total, requests, fc.infiniteStream(fc.nat()), endInAnyOrder)
  await fc.assert(property, { numRuns: 100 })
})

test('one that wants all is not passed by light ones that would fit', async () => {
  const pool = new ResourcePool({ cpus: 2, memoryMiB: 1 })
  const [small, all, late] = [task(1), task(2), task(1)]
  const order: string[] = []
  const start = (one: typeof small, name: string) => hold(pool, one.want, one.weight, () => (order.push(name), one.over))
  const held = [start(small, 'small'), start(all, 'all'), start(late, 'late')]
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

test('cores that are free do not help one that lacks memory', async () => {
  const pool = new ResourcePool({ cpus: 4, memoryMiB: 1024 })
  const [large, small] = [task(1, 1000), task(1, 100)]
  let started = false
  const start = async (): Promise<void> => void (started = true)
  const held = [hold(pool, large.want, 0, () => large.over), hold(pool, small.want, 0, start)]
  await settled()
  assert.equal(started, false)
  large.end()
  await Promise.all(held)
  assert.equal(started, true)
})

test('a task that fails gives back what it held, and its own error', async () => {
  const pool = new ResourcePool({ cpus: 1 })
  await assert.rejects(
    hold(pool, { cpus: 1 }, 0, () => Promise.reject(new Error('task'))),
    { message: 'task' },
  )
  await assert.rejects(
    hold(pool, { cpus: 1 }, 0, () => {
      throw new Error('at once')
    }),
    { message: 'at once' },
  )
  assert.equal(await hold(pool, { cpus: 1 }, 0, () => Promise.resolve('next')), 'next')
})

test('once aborted nothing is started any more; what waits fails with the reason as soon as it could have started', async () => {
  const controller = new AbortController()
  const pool = new ResourcePool({ cpus: 1 }, controller.signal)
  const first = task(1)
  const running = hold(pool, { cpus: 1 }, 0, () => first.over)
  let started = false
  const waiting = Promise.allSettled([1, 1].map((cpus) => hold(pool, { cpus }, 0, async () => void (started = true))))
  await settled()
  controller.abort(new Error('stop'))
  first.end()
  await running
  assert.deepEqual(
    (await waiting).map((result) => result.status === 'rejected' && result.reason.message),
    ['stop', 'stop'],
  )
  assert.equal(started, false)
  await assert.rejects(
    hold(pool, { cpus: 1 }, 0, () => Promise.resolve()),
    { message: 'stop' },
  )
})
