/** A process with threads, eventfds and ports is forked as QEMU is: each child goes on alone, where its server was. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { truncate } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { compareVersions } from '#domain/version.ts'
import { ask, buildWorkbench, payloadOf, startForkee, type Forkee, type Workbench } from './forkee.ts'

let bench: Workbench
let server: Forkee

before(async () => {
  bench = await buildWorkbench()
  server = await startForkee(bench)
})
after(async () => {
  await server.close()
  await bench.remove()
})

const answerOf = (name: string): string => `1 answered, 1 counted, itself, threads, may start nothing, payload ${name}\n`

/** MADV_POPULATE_WRITE came with Linux 5.14. */
const skip = compareVersions(/^\d+\.\d+/.exec(release())?.[0] ?? '', '5.14') < 0 ? 'this kernel gives no pages ahead' : false

test('a server says that it is there, and that it can fork', async () => {
  await server.children.loaded(10_000)
  await server.children.check()
})

test('pages that the first children wrote are there for the next ones, each with its own', { skip }, async () => {
  const faults: number[] = []
  for (const name of ['first', 'second', 'third']) {
    const qemu = await server.fork(name)
    const [, count, changed] = /^(\d+) faults, (\d+) pages of another/.exec(await ask(qemu.agent, 'write\n')) ?? []
    assert.equal(changed, '0')
    faults.push(Number(count))
    await qemu.kill()
  }
  const [first = 0, second = 0, third = Infinity] = faults
  assert.ok(Math.min(first, second) >= 512 && third < 32, `${faults}`)
})

test('threads go on where they waited, in every child alike, each with its own payload, ports and eventfds', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `fork-${String(index).padStart(3, '0')}`)
  // Three at a time live side by side.
  for (let first = 0; first < names.length; first += 3) {
    const some = names.slice(first, first + 3)
    const machines = await Promise.all(some.map((name) => server.fork(name)))
    const heard = machines.map((qemu) => once(qemu.console, 'data').then(([text]) => String(text)))
    assert.deepEqual(await Promise.all(machines.map(({ agent }) => ask(agent))), some.map(answerOf))
    assert.deepEqual(
      await Promise.all(heard),
      some.map(() => 'heard go\n'),
    )
    await Promise.all(machines.map((qemu) => qemu.kill()))
  }
})

test('a child that goes on is one process, and goes on more than once', async () => {
  const qemu = await server.fork('again')
  await ask(qemu.agent)
  assert.match(await ask(qemu.agent), /^2 answered, 2 counted, itself/)
  await qemu.kill()
})

test('a thread that was made again can be joined, and lets go of its robust mutexes when it ends', async () => {
  const qemu = await server.fork('dies')
  assert.equal(await ask(qemu.agent, 'die\n'), 'joined: Success, locked: Owner died\n')
  await qemu.kill()
})

test('how a child ended is reported: by itself, or killed', async () => {
  const [quits, killed] = await Promise.all([server.fork('quits'), server.fork('killed')])
  quits.agent.write('quit 7\n')
  assert.deepEqual(await quits.exited, { code: 7, signal: null, stderr: 'told to quit' })
  assert.deepEqual(await killed.kill(), { code: null, signal: 'SIGKILL', stderr: '' })
  await server.children.gone()
})

test('a signal that was aborted ends the child', async () => {
  const controller = new AbortController()
  const qemu = await server.fork('aborted', controller.signal)
  controller.abort()
  assert.equal((await qemu.exited).signal, 'SIGKILL')
})

test('a payload of another size, or none, is an error, and the next child is as good', async () => {
  const other = await payloadOf(bench, 'other')
  for (const bytes of [4096, 65 << 20]) {
    await truncate(other, bytes)
    await assert.rejects(server.children.fork(other), { name: 'InfraError', message: /ended at once \(1\)/ })
  }
  await assert.rejects(server.children.fork(join(bench.folder, 'nowhere')), { code: 'ENOENT' })
  const qemu = await server.fork('next')
  assert.equal(await ask(qemu.agent), answerOf('next'))
  await qemu.kill()
})

test('when the server is killed all children go with it, and there are no more', async () => {
  const qemu = await server.fork('last')
  server.process.kill('SIGKILL')
  assert.equal((await qemu.exited).signal, 'SIGKILL')
  await assert.rejects(server.fork('none'), { name: 'InfraError', message: /the fork server is gone/ })
})
