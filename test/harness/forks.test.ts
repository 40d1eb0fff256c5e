/** A process with threads, eventfds and ports is copied as QEMU is: each copy goes on alone, where the first one was. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { after, before, test } from 'node:test'
import { openConsolePipe } from '#harness/boot/qemu/console-pipe.ts'
import { listenForCopies, type Callers } from '#harness/boot/fork/callers.ts'
import { commandCopies, type Copies } from '#harness/boot/fork/copies.ts'
import { FORK_LIBRARY } from '#harness/boot/fork/server.ts'
import type { Machine } from '#harness/boot/qemu/process.ts'
import { LIBRARY_FLAGS } from '#harness/image/program.ts'
import { runCommand } from '#harness/support/process.ts'
import { compareVersions } from '#domain/version.ts'

const FLAGS = LIBRARY_FLAGS.filter((flag) => flag !== '-shared' && flag !== '-fPIC')

let place = ''
let callers: Callers
let copies: Copies
let server: ReturnType<typeof spawn>

/** A payload of its own for each copy. */
async function payload(text: string): Promise<string> {
  const file = join(place, `payload-${text}`)
  await writeFile(file, text)
  return file
}

before(async () => {
  place = await mkdtemp(join(tmpdir(), 'kwitness-forks-'))
  const [library, program] = [join(place, 'library.so'), join(place, 'forkee')]
  await runCommand('gcc', [...LIBRARY_FLAGS, '-o', library, ...FORK_LIBRARY])
  await runCommand('gcc', [...FLAGS, '-o', program, join(import.meta.dirname, 'forkee.c')])
  callers = listenForCopies(join(place, 'socket'))
  await callers.listening
  const pipe = await openConsolePipe()
  const env = { LD_PRELOAD: library, KWITNESS_SOCKET: callers.path, KWITNESS_PAYLOAD: await payload('original') }
  server = spawn(program, { stdio: ['ignore', 'ignore', 'inherit', 'pipe', pipe.fd, 'pipe', 'ignore', 'pipe'], env })
  pipe.handOver()
  pipe.reader.resume()
  copies = commandCopies((server.stdio as unknown as Duplex[])[7] as Duplex, callers)
})
after(async () => {
  server.kill('SIGKILL')
  // Nobody talks to the first one: its ports are not read to their end.
  server.stdio.forEach((port) => port?.destroy())
  callers.close()
  await rm(place, { recursive: true, force: true })
})

/** A copy whose ports are read, as they must be: what is not read to its end has not ended. */
async function fork(name: string, signal?: AbortSignal): Promise<Machine> {
  const machine = await copies.fork(await payload(name), signal)
  for (const port of [machine.console, machine.agent]) port.on('data', () => undefined)
  return machine
}

async function ask(machine: Machine, line = 'go\n'): Promise<string> {
  machine.agent.write(line)
  const [said] = (await once(machine.agent, 'data')) as [Buffer]
  return said.toString()
}

const answerOf = (name: string): string => `1 answered, 1 counted, threads, no processes, payload ${name}\n`

/** MADV_POPULATE_WRITE came with Linux 5.14. */
const skip = compareVersions(/^\d+\.\d+/.exec(release())?.[0] ?? '', '5.14') < 0 ? 'this kernel gives no pages ahead' : false

test('pages that the first copies wrote are there for the next ones, each with its own', { skip }, async () => {
  const faults: number[] = []
  for (const name of ['first', 'second', 'third']) {
    const machine = await fork(name)
    const [, count, changed] = /^(\d+) faults, (\d+) pages of another/.exec(await ask(machine, 'write\n')) ?? []
    assert.equal(changed, '0')
    faults.push(Number(count))
    await machine.kill()
  }
  const [first = 0, second = 0, third = Infinity] = faults
  assert.ok(Math.min(first, second) >= 512 && third < 32, `${faults}`)
})

test('threads go on where they waited, in every copy alike, each with its own payload, ports and eventfds', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `copy-${String(index).padStart(3, '0')}`)
  // Three at a time live side by side.
  for (let first = 0; first < names.length; first += 3) {
    const some = names.slice(first, first + 3)
    const machines = await Promise.all(some.map((name) => fork(name)))
    const heard = machines.map((machine) => once(machine.console, 'data').then(([text]) => String(text)))
    assert.deepEqual(await Promise.all(machines.map((machine) => ask(machine))), some.map(answerOf))
    assert.deepEqual(
      await Promise.all(heard),
      some.map(() => 'heard go\n'),
    )
    await Promise.all(machines.map((machine) => machine.kill()))
  }
})

test('a copy that goes on is one process, and goes on more than once', async () => {
  const machine = await fork('again')
  await ask(machine)
  assert.match(await ask(machine), /^2 answered, 2 counted/)
  await machine.kill()
})

test('how a copy ended is told: by itself, or killed', async () => {
  const [quits, killed] = await Promise.all([fork('quits'), fork('killed')])
  quits.agent.write('quit 7\n')
  assert.deepEqual(await quits.exited, { code: 7, signal: null, stderr: 'told to quit' })
  assert.deepEqual(await killed.kill(), { code: null, signal: 'SIGKILL', stderr: '' })
  await copies.gone()
})

test('a signal that was aborted ends the copy', async () => {
  const controller = new AbortController()
  const machine = await fork('aborted', controller.signal)
  controller.abort()
  assert.equal((await machine.exited).signal, 'SIGKILL')
})

test('a payload that is too large, or none, is an error, and the next copy is as good', async () => {
  const large = await payload('large')
  await truncate(large, 65 << 20)
  await assert.rejects(copies.fork(large), { name: 'InfraError', message: /ended at once \(1\)/ })
  await assert.rejects(copies.fork(join(place, 'nowhere')), { code: 'ENOENT' })
  const machine = await fork('next')
  assert.equal(await ask(machine), answerOf('next'))
  await machine.kill()
})

test('when the first one is killed all copies go with it, and there are no more', async () => {
  const machine = await fork('last')
  server.kill('SIGKILL')
  assert.equal((await machine.exited).signal, 'SIGKILL')
  await assert.rejects(fork('none'), { name: 'InfraError', message: /the fork server is gone/ })
})
