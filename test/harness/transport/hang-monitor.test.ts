import assert from 'node:assert/strict'
import { duplexPair, PassThrough, type Duplex } from 'node:stream'
import { test } from 'node:test'
import type { Booted } from '#harness/boot/qemu/boot.ts'
import { openQmp } from '#harness/boot/qemu/qmp.ts'
import type { RunningQemu, QemuExit } from '#harness/boot/qemu/process.ts'
import { monitorCase } from '#harness/transport/hang-monitor.ts'
import { GuestChannel } from '#harness/transport/guest-channel.ts'
import { createLog } from '#harness/transport/log.ts'
import type { PhaseLimits } from '#domain/job.ts'

const KEY = 'k'
const LONG_LIMITS: PhaseLimits = { bootSeconds: 60, silenceSeconds: 60, caseSeconds: 60 }
const SHORT_LIMITS: PhaseLimits = { ...LONG_LIMITS, silenceSeconds: 0.05 }

/** The other end of a guest's ports, in this process: the test writes what the guest would. */
function guestWithPorts() {
  const [agent, port] = duplexPair()
  const [monitor] = duplexPair()
  const console = new PassThrough()
  const { promise: exited, resolve: exit } = Promise.withResolvers<QemuExit>()
  let reason: string | null = null
  const qemu: RunningQemu = {
    pid: null,
    qmp: openQmp(monitor),
    console,
    agent,
    control: null,
    debug: null,
    exited,
    stopReason: () => reason,
    kill: () => exited,
  }
  const channel = new GuestChannel(qemu)
  channel.run(KEY, [1000, 0n, '1'])
  const hello = { release: '', build: '', cpus: 1, memoryKiB: 1, taint: 0 }
  const guest: Booted = { ok: true, qemu, channel, hello, bootMethod: 'microvm-pvh', argv: [], readySeconds: 1 }
  return {
    guest,
    port: port as Duplex,
    frame: (type: string, body = '') => void port.write(`KW ${KEY} ${type} ${Buffer.byteLength(body)}\n${body}\n`),
    stop: (why: string | null, exit_: QemuExit) => {
      reason = why
      exit(exit_)
    },
  }
}

const END = '{"code":1,"signal":-1,"timedOut":false,"seconds":0.25,"taintBefore":0,"taintAfter":512}'

test('a request has whole numbers, which is all that the agent reads', async () => {
  const { guest, port } = guestWithPorts()
  guest.channel.run('key', [1000.25, 12n, 'seed'])
  const sent = port.read() as Buffer
  assert.equal(sent.toString().split('\n').at(-2), 'run key 1001 12 seed')
})

test('output is logged in order until the agent reports the end of the case', async () => {
  const { guest, frame } = guestWithPorts()
  const output = createLog()
  const report = monitorCase(guest, LONG_LIMITS, output)
  for (const text of ['KTAP version 1\n', '1..1\n', 'not ok 1 a\n']) frame('out', text)
  frame('end', END)
  assert.deepEqual(await report, {
    ending: { kind: 'exited', exit: { code: 1, signal: null, timedOut: false, seconds: 0.25 } },
    taint: { before: 0, after: 512 },
  })
  assert.equal(output.bytes().toString(), 'KTAP version 1\n1..1\nnot ok 1 a\n')
})

test('every other last frame of an agent has its own ending', async () => {
  for (const [type, body, kind] of [
    ['hung', '{"seconds":3}', 'case-hung'],
    ['error', 'payload: No such file or directory', 'infra'],
    ['end', 'no JSON', 'garbled'],
    ['end', 'null', 'garbled'],
    ['end', '[]', 'garbled'],
    ['end', '{"code":"0"}', 'garbled'],
    ['wave', '', 'garbled'],
  ] as const) {
    const { guest, frame } = guestWithPorts()
    const report = monitorCase(guest, LONG_LIMITS, createLog())
    frame(type, body)
    assert.equal((await report).ending.kind, kind, `${type} ${body}`)
  }
})

test('the ending of a hanging case says whether the agent tried to kill it', async () => {
  const { guest, frame } = guestWithPorts()
  const report = monitorCase(guest, LONG_LIMITS, createLog())
  frame('hung', '{"seconds":3}')
  const { ending } = await report
  assert.deepEqual(ending, { ...ending, kind: 'case-hung', killed: true })

  const late = guestWithPorts()
  const over = monitorCase(late.guest, { ...LONG_LIMITS, caseSeconds: -5 }, createLog())
  late.port.on('data', () => late.frame('pong', '1'))
  const answered = (await over).ending
  assert.equal(answered.kind, 'case-hung')
  assert.equal('killed' in answered, false, 'the agent only answered')
})

test('when QEMU exits, the guest stopped if QMP said so, else QEMU is gone', async () => {
  const killed = { code: null, signal: 'SIGKILL', stderr: '' }
  const first = guestWithPorts()
  const gone = monitorCase(first.guest, LONG_LIMITS, createLog())
  first.stop(null, killed)
  assert.deepEqual((await gone).ending, { kind: 'qemu-gone', ...killed })

  const second = guestWithPorts()
  const stopped = monitorCase(second.guest, LONG_LIMITS, createLog())
  second.stop('guest-reset', { code: 0, signal: null, stderr: '' })
  assert.deepEqual((await stopped).ending, { kind: 'guest-stopped', reason: 'guest-reset' })
})

test('frames from before the exit of QEMU are read first', async () => {
  const { guest, frame, stop } = guestWithPorts()
  frame('out', 'last words\n')
  frame('end', END)
  await new Promise((resolve) => setImmediate(resolve))
  stop(null, { code: null, signal: 'SIGKILL', stderr: '' })
  const output = createLog()
  assert.equal((await monitorCase(guest, LONG_LIMITS, output)).ending.kind, 'exited')
  assert.equal(output.bytes().toString(), 'last words\n')
})

test('a silent guest is pinged; one that answers may continue', async () => {
  const { guest, port, frame } = guestWithPorts()
  const report = monitorCase(guest, SHORT_LIMITS, createLog())
  let asked = 0
  let heard = ''
  port.on('data', (chunk: Buffer) => {
    heard += chunk.toString()
    const pings = heard.match(/^ping 1$/gm)?.length ?? 0
    while (asked < pings) {
      asked += 1
      if (asked < 3) frame('pong', '1')
      else frame('end', END)
    }
  })
  assert.equal((await report).ending.kind, 'exited')
  assert.equal(asked, 3)
})

test('an answer counts, however late a stalled host reads it', async () => {
  const { guest, port, frame } = guestWithPorts()
  const report = monitorCase(guest, SHORT_LIMITS, createLog())
  port.on('data', (chunk: Buffer) => {
    if (!chunk.includes('ping')) return
    frame('end', END)
    /* Block this process for longer than a guest may take to answer. */
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3500)
  })
  assert.equal((await report).ending.kind, 'exited')
})

test('a guest that does not answer has a hung kernel', async () => {
  const { guest } = guestWithPorts()
  const { ending } = await monitorCase(guest, SHORT_LIMITS, createLog())
  assert.equal(ending.kind, 'kernel-hung')
})
