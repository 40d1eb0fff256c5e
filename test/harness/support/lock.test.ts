import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mock, test, type TestContext } from 'node:test'
import { describeHolder } from '#harness/support/lock-holder.ts'
import { withLock } from '#harness/support/lock.ts'
import { startProcess } from '#harness/support/process.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const options = { name: 'a test', doing: 'testing' }

test('one holder at a time has the lock, and an error of the work reaches the caller', async (t) => {
  const path = join(await temporaryFolder(t), 'locks', 'one.lock')
  let inside = 0
  const order: number[] = []
  const work = (number: number) =>
    withLock(path, options, async () => {
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
    withLock(path, options, () => Promise.reject(new Error('from the work'))),
    /from the work/,
  )
  assert.equal(await work(4), 4)
})

/** Another process that holds the lock until it is ended. */
async function holdElsewhere(t: TestContext, path: string, doing: string) {
  const script = `import { withLock } from ${JSON.stringify(import.meta.resolve('#harness/support/lock.ts'))}
await withLock(process.argv[1], { name: 'it', doing: ${JSON.stringify(doing)} }, (describe) => {
  describe('and so on')
  describe(${JSON.stringify(doing)})
  console.log('held')
  return new Promise(() => setInterval(() => {}, 1000))
})`
  const holder = startProcess(process.execPath, ['--input-type=module', '-e', script, path], { stdout: 'pipe' })
  t.after(() => holder.kill('SIGKILL'))
  assert.ok(holder.stdout)
  await once(holder.stdout, 'data')
  return { holder }
}

test('the lock of a killed holder is released', async (t) => {
  const path = join(await temporaryFolder(t), 'one.lock')
  const { holder } = await holdElsewhere(t, path, 'testing')
  const waiting = withLock(path, options, async () => 'mine')
  holder.kill('SIGKILL')
  assert.equal(await waiting, 'mine')
  await holder
})

test('a caller that waits for a lock can be aborted', async (t) => {
  const path = join(await temporaryFolder(t), 'one.lock')
  await withLock(path, options, async () => {
    const stop = new AbortController()
    const waiting = withLock(path, { ...options, signal: stop.signal }, async () => 'never')
    stop.abort()
    await assert.rejects(waiting, { name: 'AbortError' })
  })
})

const SINCE = String.raw`since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(\d+:\d\d\)`

test('waiting is said after 2 s and every 20 s: who holds the lock, since when, doing what', async (t) => {
  const path = join(await temporaryFolder(t), 'one.lock')
  const { holder } = await holdElsewhere(t, path, 'compiling 7 of 9 objects')
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const said: string[] = []
  let wake = (): void => undefined
  const onWait = (sentence: string): void => {
    said.push(sentence)
    wake()
  }
  const waiting = withLock(path, { ...options, onWait }, async () => 'mine')
  // The timer starts when the folder of the lock is there.
  const tickUntilSaid = async (milliseconds: number, count: number): Promise<void> => {
    while (said.length < count) {
      const heard = new Promise<void>((resolve) => (wake = resolve))
      await new Promise(setImmediate)
      mock.timers.tick(milliseconds)
      await Promise.race([heard, new Promise(setImmediate)])
    }
  }
  await tickUntilSaid(2_000, 1)
  await tickUntilSaid(20_000, 2)
  holder.kill('SIGKILL')
  assert.equal(await waiting, 'mine')
  const who = `process ${holder.pid} \\(.*\\) holds it, ${SINCE}: compiling 7 of 9 objects`
  for (const sentence of said) assert.match(sentence, new RegExp(`^waiting for a test \\(\\d+ s so far\\): ${who}$`))
})

test('of several in one process that wait for a lock the first says so, and the next one once it has the lock', async (t) => {
  const path = join(await temporaryFolder(t), 'one.lock')
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const said: string[] = []
  const order: number[] = []
  /** Turns of the loop in which a sentence is made: it takes reading some files. */
  const tickUntil = async (isEnough: () => boolean): Promise<void> => {
    while (!isEnough()) {
      mock.timers.tick(20_000)
      await new Promise(setImmediate)
    }
  }
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const hold = withLock(path, { ...options, doing: 'the first thing' }, () => held)
  while (!/first thing/.test(await readFile(path, 'utf8').catch(() => ''))) await new Promise(setImmediate)
  const waits = [1, 2, 3].map((number) =>
    withLock(
      path,
      { ...options, doing: `thing ${number}`, onWait: (sentence) => said.push(`${number}: ${sentence}`) },
      async () => {
        order.push(number)
        if (order.length === 1) await tickUntil(() => said.some((sentence) => sentence.includes(`thing ${number}`)))
      },
    ),
  )
  await tickUntil(() => said.some((sentence) => sentence.includes('with 2 more in line')))
  assert.deepEqual(new Set(said.map((sentence) => sentence[0])).size, 1, said.join('\n'))
  const before = said.length
  release()
  await Promise.all([hold, ...waits])
  const after = said.slice(before).filter((sentence) => sentence.includes(`: thing ${order[0]}`))
  assert.equal(new Set(after.map((sentence) => sentence[0])).size, 1, after.join('\n'))
  assert.notEqual(after[0]?.[0], String(order[0]), 'whoever has the lock does not wait for it')
})

test('a note is gone with its lock, and that of a killed holder is not believed', async (t) => {
  const path = join(await temporaryFolder(t), 'one.lock')
  await withLock(path, options, async (describe) => {
    describe('something long that leaves no tail behind what is shorter')
    describe('short')
    assert.match(await describeHolder(path), new RegExp(`^process ${process.pid} \\(.*lock.test.ts.*\\) holds it, .*: short$`))
  })
  assert.equal(await describeHolder(path), 'a process that this user cannot see holds it')
  const { holder } = await holdElsewhere(t, path, 'dying')
  holder.kill('SIGKILL')
  await holder
  assert.match(await readFile(path, 'utf8'), /dying/)
  assert.doesNotMatch(await describeHolder(path), /dying/)
})

test('a holder without a note is found: one that took the lock, and one that inherited it', async (t) => {
  const path = join(await temporaryFolder(t), 'one.lock')
  const script = 'echo locked; exec cat'
  const direct = startProcess('flock', [path, 'sh', '-c', script], { stdin: 'pipe', stdout: 'pipe' })
  assert.ok(direct.stdout && direct.stdin)
  await once(direct.stdout, 'data')
  assert.match(await describeHolder(path), new RegExp(`^process ${direct.pid} \\(flock .*\\) holds it, ${SINCE}$`))
  direct.stdin.end()
  await direct
  // This shell's child takes the lock for the shell's open file, and ends.
  const heir = startProcess('sh', ['-c', `exec 9>>"$1"; flock 9; ${script}`, 'sh', path], { stdin: 'pipe', stdout: 'pipe' })
  assert.ok(heir.stdout && heir.stdin)
  await once(heir.stdout, 'data')
  assert.match(await describeHolder(path), new RegExp(`^process ${heir.pid} \\(cat\\) holds it, ${SINCE}$`))
  heir.stdin.end()
  await heir
})

test('a lock that cannot be taken is said with the reason', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'file'), '')
  await assert.rejects(
    withLock(join(folder, 'file', 'one.lock'), options, async () => undefined),
    { code: 'EEXIST' },
  )
  await mkdir(join(folder, 'directory.lock'))
  assert.equal(await withLock(join(folder, 'directory.lock'), options, async () => 'mine'), 'mine')
  const path = process.env['PATH'] ?? ''
  process.env['PATH'] = folder
  t.after(() => (process.env['PATH'] = path))
  const missing = { name: 'InfraError', message: /flock/, hint: 'install util-linux' }
  await assert.rejects(
    withLock(join(folder, 'one.lock'), options, async () => undefined),
    missing,
  )
  await writeFile(join(folder, 'flock'), '#!/bin/sh\necho "flock: cannot open lock file: Read-only file system" >&2; exit 66\n')
  await chmod(join(folder, 'flock'), 0o755)
  const refused = { name: 'InfraError', message: /one\.lock: flock: cannot open lock file: Read-only file system$/ }
  await assert.rejects(
    withLock(join(folder, 'one.lock'), options, async () => undefined),
    refused,
  )
})
