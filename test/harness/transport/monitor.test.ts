import assert from 'node:assert/strict'
import { duplexPair, PassThrough, type Duplex } from 'node:stream'
import { test } from 'node:test'
import type { Booted } from '#harness/boot/qemu/boot.ts'
import { openQmp } from '#harness/boot/qemu/qmp.ts'
import type { Machine, QemuExit } from '#harness/boot/qemu/process.ts'
import { monitorCase } from '#harness/transport/monitor.ts'
import { converse } from '#harness/transport/agent.ts'
import { createLog } from '#harness/transport/log.ts'
import type { PhaseLimits } from '#domain/job.ts'

const KEY = 'k'
const PATIENT: PhaseLimits = { bootSeconds: 60, silenceSeconds: 60, caseSeconds: 60 }
const HASTY: PhaseLimits = { ...PATIENT, silenceSeconds: 0.05 }

/** The other end of a guest's ports, in this process: the test says what the guest would. */
function guestWithPorts() {
  const [agent, port] = duplexPair()
  const [monitor] = duplexPair()
  const console = new PassThrough()
  const { promise: exited, resolve: exit } = Promise.withResolvers<QemuExit>()
  let reason: string | null = null
  const machine: Machine = {
    pid: null,
    qmp: openQmp(monitor),
    console,
    agent,
    control: null,
    exited,
    stopReason: () => reason,
    kill: () => exited,
  }
  const conversation = converse(machine)
  conversation.run(KEY, [1000, 0n, '1'])
  const hello = { release: '', build: '', cpus: 1, memoryKiB: 1, taint: 0 }
  const guest: Booted = { ok: true, machine, conversation, hello, road: 'microvm-pvh', argv: [], readySeconds: 1 }
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

test('output is kept in its order until the agent says how the case ended', async () => {
  const { guest, frame } = guestWithPorts()
  const output = createLog()
  const report = monitorCase(guest, PATIENT, output)
  for (const text of ['KTAP version 1\n', '1..1\n', 'not ok 1 a\n']) frame('out', text)
  frame('end', END)
  assert.deepEqual(await report, {
    ending: { kind: 'exited', exit: { code: 1, signal: null, timedOut: false, seconds: 0.25 } },
    taint: { before: 0, after: 512 },
  })
  assert.equal(output.bytes().toString(), 'KTAP version 1\n1..1\nnot ok 1 a\n')
})

test('every other last word of an agent is told apart', async () => {
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
    const report = monitorCase(guest, PATIENT, createLog())
    frame(type, body)
    assert.equal((await report).ending.kind, kind, `${type} ${body}`)
  }
})

test('of a case that hangs it is kept whether the agent killed it in vain', async () => {
  const { guest, frame } = guestWithPorts()
  const report = monitorCase(guest, PATIENT, createLog())
  frame('hung', '{"seconds":3}')
  const { ending } = await report
  assert.deepEqual(ending, { ...ending, kind: 'case-hung', killed: true })

  const late = guestWithPorts()
  const over = monitorCase(late.guest, { ...PATIENT, caseSeconds: -5 }, createLog())
  late.port.on('data', () => late.frame('pong', '1'))
  const answered = (await over).ending
  assert.equal(answered.kind, 'case-hung')
  assert.equal('killed' in answered, false, 'the agent only answered')
})

test('a QEMU that goes away is one its guest stopped, where QMP said so, and else one that is gone', async () => {
  const killed = { code: null, signal: 'SIGKILL', stderr: '' }
  const first = guestWithPorts()
  const gone = monitorCase(first.guest, PATIENT, createLog())
  first.stop(null, killed)
  assert.deepEqual((await gone).ending, { kind: 'qemu-gone', ...killed })

  const second = guestWithPorts()
  const stopped = monitorCase(second.guest, PATIENT, createLog())
  second.stop('guest-reset', { code: 0, signal: null, stderr: '' })
  assert.deepEqual((await stopped).ending, { kind: 'guest-stopped', reason: 'guest-reset' })
})

test('what the agent said before its QEMU went is heard first', async () => {
  const { guest, frame, stop } = guestWithPorts()
  frame('out', 'last words\n')
  frame('end', END)
  await new Promise((resolve) => setImmediate(resolve))
  stop(null, { code: null, signal: 'SIGKILL', stderr: '' })
  const output = createLog()
  assert.equal((await monitorCase(guest, PATIENT, output)).ending.kind, 'exited')
  assert.equal(output.bytes().toString(), 'last words\n')
})

test('a silent guest is asked for a sign of life; one that answers may go on', async () => {
  const { guest, port, frame } = guestWithPorts()
  const report = monitorCase(guest, HASTY, createLog())
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

test('an answer that came counts, however late a stalled host comes to read it', async () => {
  const { guest, port, frame } = guestWithPorts()
  const report = monitorCase(guest, HASTY, createLog())
  port.on('data', (chunk: Buffer) => {
    if (!chunk.includes('ping')) return
    frame('end', END)
    /* The whole process stands still, for longer than a guest may take to answer. */
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3500)
  })
  assert.equal((await report).ending.kind, 'exited')
})

test('one that does not answer hangs with its kernel', async () => {
  const { guest } = guestWithPorts()
  const { ending } = await monitorCase(guest, HASTY, createLog())
  assert.equal(ending.kind, 'kernel-hung')
})
