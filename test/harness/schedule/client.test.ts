/** gdb's remote protocol, on packets as QEMU 7.2.22 and 10.0.13 sent and got them. */
import assert from 'node:assert/strict'
import { duplexPair, Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { InfraError } from '#domain/errors.ts'
import type { Qmp } from '#harness/boot/qemu/qmp.ts'
import { GdbClient } from '#harness/schedule/client.ts'
import { createPacketReader, encodePacket } from '#harness/schedule/packets.ts'
import { openStub } from '#harness/schedule/stub.ts'

const REGISTERS = '0'.repeat(2 * (17 * 8 + 7 * 4))
const GREETING = 'qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+'
const ANSWERS: Readonly<Record<string, string>> = {
  [GREETING]: 'PacketSize=1000;qXfer:features:read+;vContSupported+;multiprocess+',
  'qXfer:features:read:target.xml:0,fff': 'l<?xml version="1.0"?>',
  qfThreadInfo: 'mp01.01',
  'vCont;s:p01.02': 'T05thread:p01.02;',
  g: `${REGISTERS}8877665544332211${'0'.repeat(64)}`,
  p10: '905137 81ffffffff'.replace(' ', ''),
  'm4c4120,8': '6b77736368656431',
  'm10,8': 'E14',
  p1d: '0030350200000000',
  'Mffffffff81375390,2:ebfe': 'OK',
  'Z0,10,1': 'OK',
  'Hgp01.01': 'OK',
  'Hgp01.02': 'OK',
}

/**
 * A stub that answers as recorded. `asked` gets each packet; a command without an answer stays unanswered. A byte that comes
 * while the guest runs stops it, and only an interrupt is reported, as by QEMU 10; QMP tells of both. `tell` has it tell more.
 */
function recordedStub(answers: Readonly<Record<string, string>> = ANSWERS) {
  const [near, far] = duplexPair()
  const asked: string[] = []
  const read = createPacketReader()
  let threads = 0
  let isRunning = false
  const listeners: Parameters<Qmp['onEvent']>[0][] = []
  const tell = (event: string) => listeners.forEach((listener) => listener({ event, data: {} }))
  const stop = (byte: number | undefined) => {
    if (isRunning) {
      asked.push(byte === 0x03 ? 'interrupt' : 'a silent stop')
      if (byte === 0x03) far.write(encodePacket('T02thread:p01.01;'))
      tell('STOP')
    }
    isRunning = false
  }
  far.on('data', (chunk: Buffer) => {
    stop(chunk[0])
    for (const packet of read(chunk)) {
      assert.notEqual(packet, 'damaged')
      const { text } = packet as { text: string }
      asked.push(text)
      const answer = text === 'qsThreadInfo' ? ['mp01.02', 'l'][threads++] : answers[text]
      isRunning = answer === undefined && text.startsWith('vCont')
      if (isRunning) tell('RESUME')
      if (answer !== undefined) far.write(Buffer.concat([Buffer.from('+'), encodePacket(answer)]))
    }
  })
  const port = { commands: near, answers: near }
  const onEvent: Qmp['onEvent'] = (listener) => void listeners.push(listener)
  const open = (commands: Writable = near) => new GdbClient({ ...port, commands }, onEvent)
  return { port, far, asked, open, tell, mark: () => stop(0) }
}

test('packets come whole, whatever the pieces; one with a wrong checksum is told', () => {
  const bytes = Buffer.concat([Buffer.from('+'), encodePacket('T05thread:p01.01;'), encodePacket('')])
  const read = createPacketReader()
  const packets = [...bytes].flatMap((byte) => read(Buffer.from([byte])))
  assert.deepEqual(packets, [{ text: 'T05thread:p01.01;' }, { text: '' }])
  assert.equal(encodePacket('qfThreadInfo').toString(), '$qfThreadInfo#bb')
  assert.deepEqual(createPacketReader()(Buffer.from('$OK#00$OK#9a')), ['damaged', { text: 'OK' }])
  assert.deepEqual(createPacketReader()(Buffer.from('+-$E-1#a3+')), ['refused', { text: 'E-1' }])
})

test('a stop that is reported unasked answers nothing: at the start, or once more after a mark', async () => {
  const { open, far } = recordedStub()
  const client = open()
  far.write(encodePacket('T02thread:p01.01;'))
  assert.match(await client.ask(GREETING), /^PacketSize/)
  assert.equal((await client.resume('vCont;s:p01.02', 60_000)).stop, 'T05thread:p01.02;')
  far.write(encodePacket('T05thread:p01.02;'))
  assert.equal(await client.ask('p1d'), ANSWERS['p1d'])
})

test('registers, memory and steps are of the vCPU that was asked for', async () => {
  const { open, asked } = recordedStub()
  const stub = await openStub(open())
  assert.equal((await stub.registers(1)).fsBase, 0x1122334455667788n)
  assert.equal(await stub.rip(0), 0xffffffff81375190n)
  assert.equal((await stub.read(0, 0x4c4120n, 8))?.toString(), 'kwsched1')
  assert.equal(await stub.read(0, 0x10n, 8), null)
  await stub.step(1)
  stub.write(0, 0xffffffff81375390n, Buffer.from('ebfe', 'hex'))
  assert.equal(await stub.pageTable(0), 0x2352000n)
  // After a stop the stub reads of the vCPU that stopped, so the other one is named again.
  assert.deepEqual(asked.slice(5), [
    'Hgp01.02',
    'g',
    'Hgp01.01',
    'p10',
    'm4c4120,8',
    'm10,8',
    'vCont;s:p01.02',
    'Hgp01.01',
    'Mffffffff81375390,2:ebfe',
    'p1d',
  ])
})

test('a guest that runs stops by its mark, and is interrupted when the time is over', async () => {
  const { open, asked, mark } = recordedStub()
  const stub = await openStub(open())
  // Of a guest that stands still, it counts for nothing.
  mark()
  await turn()
  const stopped = stub.run(0, 60_000)
  while (!asked.includes('vCont;c:p01.01')) await turn()
  mark()
  assert.equal(await stopped, 'stop')
  assert.equal(await stub.rip(0), 0xffffffff81375190n)
  assert.equal(await stub.run('both', 0), 'late')
  assert.deepEqual(asked.slice(-6), ['vCont;c:p01.01', 'a silent stop', 'Hgp01.01', 'p10', 'vCont;c', 'interrupt'])
})

test('a stop that both the debugger and QMP tell of is one, whichever comes first and however late the other', async () => {
  const { open, far, tell } = recordedStub()
  const client = open()
  const reported = encodePacket('T02thread:p01.01;')
  const first = client.resume('vCont;c', 60_000)
  tell('RESUME')
  await turn()
  far.write(reported)
  assert.equal((await first).stop, 'T02thread:p01.01;')
  const second = client.resume('vCont;c', 60_000)
  let isOver = false
  void second.then(() => (isOver = true))
  // That of the first one.
  tell('STOP')
  await turn()
  tell('RESUME')
  await turn()
  assert.equal(isOver, false)
  tell('STOP')
  assert.equal((await second).cause, 'stop')
  const asked = client.ask('p1d')
  far.write(reported)
  assert.equal(await asked, ANSWERS['p1d'])
})

test('commands that nobody waits for go out together, and the next answer tells what became of them', async () => {
  const { port, asked, open } = recordedStub({ ...ANSWERS, 'M20,1:90': 'E14' })
  let chunks = 0
  const commands = new Writable({
    decodeStrings: false,
    writev: (all, done) => {
      chunks += 1
      port.commands.write(Buffer.concat(all.map(({ chunk }) => chunk)))
      done()
    },
  })
  const stub = await openStub(open(commands))
  chunks = 0
  stub.write(0, 0xffffffff81375390n, Buffer.from('ebfe', 'hex'))
  stub.setBreakpoint(0x10n, true)
  const read = stub.read(0, 0x10n, 8)
  assert.equal(await read, null)
  assert.equal(chunks, 1)
  assert.deepEqual(asked.slice(-4), ['Hgp01.01', 'Mffffffff81375390,2:ebfe', 'Z0,10,1', 'm10,8'])
  stub.write(0, 0x20n, Buffer.from([0x90]))
  await assert.rejects(stub.readU64(0, 0x4c4120n), /answered M20,1:90 with E14/)
})

test('a stub that refuses, is damaged or goes is our trouble, never an answer', async () => {
  const refusing = await openStub(recordedStub({ ...ANSWERS, 'Hgp01.02': 'E22' }).open())
  await assert.rejects(refusing.rip(1), InfraError)
  const damaged = recordedStub()
  const waiting = damaged.open().ask('?')
  damaged.far.write('$T05#00')
  await assert.rejects(waiting, /damaged packet/)
  const gone = recordedStub()
  const client = gone.open()
  const lost = client.resume('vCont;c', 60_000)
  gone.far.end()
  await assert.rejects(lost, /is gone/)
  await assert.rejects(async () => client.ask('g'), /is gone/)
})
