import assert from 'node:assert/strict'
import { duplexPair, type Duplex } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { stopOnHostError } from '#harness/boot/qemu/process.ts'
import { openQmp, type Qmp, type QmpEvent } from '#harness/boot/qemu/qmp.ts'

interface Peer {
  readonly qmp: Qmp
  readonly stream: Duplex
  /** Received commands, in order. */
  readonly commands: { readonly execute: string; readonly arguments: unknown }[]
  /** Resolves when this number of commands is received. */
  readonly received: (count: number) => Promise<void>
  readonly say: (...messages: unknown[]) => void
}

/** The other end of a monitor, in this process: it receives commands, and the test answers as QEMU does. */
function open(): Peer {
  const [ours, stream] = duplexPair()
  const commands: Peer['commands'] = []
  let wake: () => void = () => undefined
  let pending = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (pending + chunk.toString()).split('\n')
    pending = lines.pop() ?? ''
    commands.push(...lines.map((line) => JSON.parse(line)))
    wake()
  })
  return {
    qmp: openQmp(ours),
    stream,
    commands,
    received: async (count) => {
      while (commands.length < count) await new Promise<void>((resolve) => (wake = resolve))
    },
    say: (...messages) => void stream.write(messages.map((message) => `${JSON.stringify(message)}\r\n`).join('')),
  }
}

const GREETING = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 } }, capabilities: ['oob'] } }
const DONE = { return: {} }

test('the capabilities are negotiated first, then commands are sent in order, and each gets its own answer', async () => {
  const { qmp, commands, received, say } = open()
  const answers = Promise.all([qmp.execute('query-status'), qmp.execute('migrate', { uri: 'unix:/x' }), qmp.execute('cont')])
  say(GREETING)
  await received(4)
  assert.deepEqual(commands, [
    { execute: 'qmp_capabilities', arguments: {} },
    { execute: 'query-status', arguments: {} },
    { execute: 'migrate', arguments: { uri: 'unix:/x' } },
    { execute: 'cont', arguments: {} },
  ])
  say(DONE, { return: { running: true } }, { event: 'STOP' }, { return: 2 }, { return: 3 })
  assert.deepEqual(await answers, [{ running: true }, 2, 3])
})

test('a line that is not QMP fails the waiting command, and no other', async () => {
  for (const line of ['{"return":', 'null', '{"error":"no"}', '{"event":1}']) {
    const { qmp, stream, say } = open()
    const failed = qmp.execute('query-status')
    const next = qmp.execute('cont')
    say(GREETING, DONE)
    stream.write(`${line}\r\n`)
    say({ return: 1 })
    await assert.rejects(failed, {
      name: 'InfraError',
      message: `QEMU answered query-status with a line that is not QMP: ${line}`,
    })
    assert.equal(await next, 1)
  }
})

test('a refused command is an InfraError with the text of QEMU, and only that command fails', async () => {
  const { qmp, say } = open()
  const refused = qmp.execute('migrate', { uri: 'bad' })
  const next = qmp.execute('query-status')
  say(GREETING, DONE, { error: { class: 'GenericError', desc: "Protocol 'bad' is not supported" } }, { return: 'fine' })
  await assert.rejects(refused, { name: 'InfraError', message: "QEMU refused migrate: Protocol 'bad' is not supported" })
  assert.equal(await next, 'fine')
})

test('an error without a description names the command', async () => {
  const { qmp, say } = open()
  const refused = qmp.execute('cont')
  say(DONE, { error: {} })
  await assert.rejects(refused, { name: 'InfraError', message: 'QEMU refused cont: no reason given' })
})

test('events go to every listener, whatever answers come between them, and answer no command', async () => {
  const { qmp, say } = open()
  const heard: QmpEvent[][] = [[], []]
  for (const list of heard) qmp.onEvent((event) => list.push(event))
  const answer = qmp.execute('query-migrate')
  const shutdown = { event: 'SHUTDOWN', data: { guest: true, reason: 'guest-reset' } }
  say(GREETING, { event: 'RESUME', timestamp: { seconds: 1 } }, DONE, shutdown, { return: 1 })
  assert.equal(await answer, 1)
  const expected = [{ event: 'RESUME', data: {} }, shutdown]
  assert.deepEqual(heard, [expected, expected])
})

test('when the monitor closes, waiting and later commands fail with an error that names them', async () => {
  const { qmp, stream, received } = open()
  const waiting = qmp.execute('migrate')
  await received(2)
  stream.write('{"return": {}}\r\n{"retu')
  stream.end()
  await assert.rejects(waiting, { name: 'InfraError', message: 'QEMU ended before it answered migrate' })
  await assert.rejects(qmp.execute('cont'), { name: 'InfraError', message: 'QEMU ended before cont' })
})

test('an error of the monitor counts as its close', async () => {
  const [ours] = duplexPair()
  const qmp = openQmp(ours)
  const waiting = qmp.execute('cont')
  ours.destroy(new Error('ECONNRESET'))
  await assert.rejects(waiting, { name: 'InfraError', message: 'QEMU ended before it answered cont' })
})

test('messages may come in any chunks, also cut inside a character', async () => {
  const words = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(words, fc.integer({ min: 1, max: 7 }), async (texts, size) => {
      const { qmp, stream } = open()
      const answers = Promise.all(texts.map((text) => qmp.execute(text)))
      const messages = [GREETING, DONE, ...texts.map((text) => ({ return: text }))]
      const bytes = Buffer.from(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(''))
      for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size))
      assert.deepEqual(await answers, texts)
    }),
    { numRuns: 50 },
  )
})

test('a guest that this host cannot run on is ended; one that is paused, saved or lost meanwhile is left alone', async () => {
  for (const [answer, isStopped] of [
    [{ return: { status: 'internal-error', running: false } }, true],
    [{ return: { status: 'io-error', running: false } }, true],
    [{ return: { status: 'paused', running: false } }, false],
    [{ return: { status: 'postmigrate', running: false } }, false],
    [{ return: 'nonsense' }, false],
    [{ error: { class: 'GenericError', desc: 'no' } }, false],
  ] as const) {
    const { qmp, commands, received, say } = open()
    let stops = 0
    stopOnHostError(qmp, () => (stops += 1))
    say(GREETING, DONE, { event: 'RESUME' }, { event: 'STOP' })
    await received(2)
    assert.deepEqual(
      commands.map(({ execute }) => execute),
      ['qmp_capabilities', 'query-status'],
    )
    const later = qmp.execute('query-name')
    say(answer, DONE)
    await later
    assert.equal(stops, isStopped ? 1 : 0, JSON.stringify(answer))
  }
})
