/** gdb's remote protocol, on packets as QEMU 7.2.22 sent and got them. */
import assert from 'node:assert/strict'
import { duplexPair, type Duplex } from 'node:stream'
import { test } from 'node:test'
import { InfraError } from '#domain/errors.ts'
import { openGdb } from '#harness/schedule/client.ts'
import { createPacketReader, encodePacket } from '#harness/schedule/packets.ts'
import { openStub } from '#harness/schedule/stub.ts'

const REGISTERS = '0'.repeat(2 * (17 * 8 + 7 * 4))
const ANSWERS: Readonly<Record<string, string>> = {
  'qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+':
    'PacketSize=1000;qXfer:features:read+;vContSupported+;multiprocess+',
  'qXfer:features:read:target.xml:0,fff': 'l<?xml version="1.0"?>',
  qfThreadInfo: 'mp01.01',
  'vCont;s:p01.02': 'T05thread:p01.02;',
  g: `${REGISTERS}8877665544332211${'0'.repeat(64)}`,
  p10: '905137 81ffffffff'.replace(' ', ''),
  'm4c4120,8': '6b77736368656431',
  'm10,8': 'E14',
  'Mffffffff81375390,2:ebfe': 'OK',
  'Hgp01.01': 'OK',
  'Hgp01.02': 'OK',
}

/** A stub that answers as recorded. `asked` gets each packet; a command without an answer stays unanswered. */
function recordedStub(answers: Readonly<Record<string, string>> = ANSWERS) {
  const [near, far] = duplexPair()
  const asked: string[] = []
  const read = createPacketReader()
  let threads = 0
  far.on('data', (chunk: Buffer) => {
    if (chunk.includes(0x03)) {
      asked.push('interrupt')
      far.write(encodePacket('T02thread:p01.01;'))
    }
    for (const packet of read(chunk)) {
      assert.notEqual(packet, 'damaged')
      const { text } = packet as { text: string }
      asked.push(text)
      const answer = text === 'qsThreadInfo' ? ['mp01.02', 'l'][threads++] : answers[text]
      if (answer !== undefined) far.write(Buffer.concat([Buffer.from('+'), encodePacket(answer)]))
    }
  })
  return { near, far, asked }
}

const noMarks = (): Duplex => duplexPair()[0]

test('packets come whole, whatever the pieces; one with a wrong checksum is told', () => {
  const bytes = Buffer.concat([Buffer.from('+'), encodePacket('T05thread:p01.01;'), encodePacket('')])
  const read = createPacketReader()
  const packets = [...bytes].flatMap((byte) => read(Buffer.from([byte])))
  assert.deepEqual(packets, [{ text: 'T05thread:p01.01;' }, { text: '' }])
  assert.equal(encodePacket('qfThreadInfo').toString(), '$qfThreadInfo#bb')
  assert.deepEqual(createPacketReader()(Buffer.from('$OK#00$OK#9a')), ['damaged', { text: 'OK' }])
})

test('a stop that is reported unasked does not answer the greeting', async () => {
  const { near, far } = recordedStub()
  const client = openGdb(near)
  far.write(encodePacket('T02thread:p01.01;'))
  assert.match(await client.greet('qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+'), /^PacketSize/)
})

test('registers, memory and steps are of the vCPU that was asked for', async () => {
  const { near, asked } = recordedStub()
  const stub = await openStub(openGdb(near), noMarks())
  assert.equal((await stub.registers(1)).fsBase, 0x1122334455667788n)
  assert.equal(await stub.rip(0), 0xffffffff81375190n)
  assert.equal((await stub.read(0, 0x4c4120n, 8))?.toString(), 'kwsched1')
  assert.equal(await stub.read(0, 0x10n, 8), null)
  await stub.step(1)
  await stub.write(0, 0xffffffff81375390n, Buffer.from('ebfe', 'hex'))
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
  ])
})

test('a guest that runs is interrupted when it has told something, and when the time is over', async () => {
  const { near, asked } = recordedStub()
  const [marks, port] = duplexPair()
  const stub = await openStub(openGdb(near), marks)
  const told = stub.run(0, 60_000)
  port.write('x')
  assert.equal(await told, 'told')
  assert.equal(await stub.run('both', 0), 'late')
  assert.deepEqual(asked.slice(-4), ['vCont;c:p01.01', 'interrupt', 'vCont;c', 'interrupt'])
})

test('a stub that refuses, is damaged or goes is our trouble, never an answer', async () => {
  const refusing = await openStub(openGdb(recordedStub({ ...ANSWERS, 'Hgp01.02': 'E22' }).near), noMarks())
  await assert.rejects(refusing.rip(1), InfraError)
  const damaged = recordedStub()
  const waiting = openGdb(damaged.near).ask('?')
  damaged.far.write('$T05#00')
  await assert.rejects(waiting, /damaged packet/)
  const gone = recordedStub()
  const client = openGdb(gone.near)
  const lost = client.resume('vCont;c', new Promise(() => undefined), 60_000)
  gone.far.end()
  await assert.rejects(lost, /is gone/)
  await assert.rejects(async () => client.ask('g'), /is gone/)
})
