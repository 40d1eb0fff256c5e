import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFrameReader, type Frame, type FrameType } from '#harness/transport/frames.ts'
import { chunksOf } from '#test/console/arbitraries.ts'

const KEY = '0123456789abcdef'
const TYPES: readonly FrameType[] = ['hello', 'out', 'end', 'hung', 'pong', 'error']

/** A frame in the agent's format. */
function encode({ type, body }: Frame, key = KEY): Buffer {
  return Buffer.concat([Buffer.from(`KW ${key} ${type} ${body.length}\n`), body, Buffer.from('\n')])
}

function readAll(chunks: Iterable<Uint8Array>, key = KEY): Frame[] {
  const read = createFrameReader(() => key)
  return [...chunks].flatMap((chunk) => read(Buffer.from(chunk)))
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
/** Bodies that could confuse a reader: headers, newlines, whole frames. */
const treacherous = fc
  .constantFrom('\n', `KW ${KEY} out 3\n`, `KW ${KEY} end 2\n{}\n`, 'KW - pong 0\n\n', '')
  .map((text) => Buffer.from(text))
const frame = fc.record({ type: fc.constantFrom(...TYPES), body: fc.oneof(bytes, treacherous) }, { noNullPrototype: true })
const someFrames = fc.array(frame, { minLength: 1, maxLength: 4 })
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 })

test('however the stream is cut into chunks, the sent frames come out', () => {
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), cuts, (frames, sizes) => {
      const stream = Buffer.concat(frames.map((one) => encode(one)))
      assert.deepEqual(readAll(chunksOf(stream, sizes)), frames)
    }),
  )
})

test('an incomplete frame is held back, and no frame is returned twice', () => {
  const stream = encode({ type: 'out', body: Buffer.from('body') })
  const read = createFrameReader(() => KEY)
  for (const byte of stream.subarray(0, -1)) assert.deepEqual(read(Buffer.of(byte)), [])
  assert.equal(read(stream.subarray(-1)).length, 1)
  assert.deepEqual(read(Buffer.alloc(0)), [])
})

test('anything else than a frame is returned once, with its first bytes, and nothing after it is', () => {
  // Not a prefix of a frame: the reader would wait for the rest of one that starts with K.
  const garbage = bytes.filter((data) => data.length > 0 && data[0] !== 0x4b)
  fc.assert(
    fc.property(someFrames, garbage, someFrames, cuts, (before, junk, after, sizes) => {
      const behind = Buffer.concat([junk, Buffer.alloc(65), ...after.map((one) => encode(one))])
      const seen = readAll(chunksOf(Buffer.concat([...before.map((one) => encode(one)), behind]), sizes))
      assert.deepEqual(seen.slice(0, before.length), before)
      const [last, ...more] = seen.slice(before.length)
      assert.equal(last?.type, 'garbled')
      assert.deepEqual(more, [])
      assert.deepEqual(last.body, behind.subarray(0, last.body.length))
      assert.ok(last.body.length > 0 && last.body.length <= 200)
    }),
  )
})

test('a wrong header is garbled', () => {
  for (const header of [
    `KW ${KEY} out`,
    `KW ${KEY} out -1`,
    `KW ${KEY} out 1.5`,
    `KW ${KEY} out 0x10`,
    `KW ${KEY} out 12345678`,
    `KW ${KEY} wave 1`,
    'KW out 1',
    'KW  out 1',
    `kw ${KEY} out 1`,
    `KW ${KEY} out 1 `,
    ` KW ${KEY} out 1`,
    `KW ${KEY} out 1\r`,
    `KW ${'k'.repeat(32)} out 1`,
    `KW ${KEY} out 1048577`,
    '',
    'Kernel panic',
  ]) {
    const [first, ...more] = readAll([Buffer.from(`${header}\nx\n`)])
    assert.equal(first?.type, 'garbled', header)
    assert.equal(more.length, 0)
  }
})

test('a header without an end is garbled, not waited for', () => {
  const [first] = readAll([Buffer.from(`KW ${KEY} out ${'0'.repeat(60)}`)])
  assert.equal(first?.type, 'garbled')
})

test('a body without a newline behind it is garbled', () => {
  const frames = readAll([Buffer.from(`KW ${KEY} out 2\nabc\nKW ${KEY} end 2\n{}\n`)])
  assert.deepEqual(
    frames.map(({ type }) => type),
    ['garbled'],
  )
})

test('a frame with another key than the current one is garbled, whatever its body', () => {
  const key = fc.stringMatching(/^[0-9a-f-]{1,31}$/).filter((text) => text !== KEY)
  fc.assert(
    fc.property(key, frame, (wrong, one) => {
      assert.deepEqual(
        readAll([encode(one, wrong)]).map(({ type }) => type),
        ['garbled'],
      )
    }),
  )
})

test('the key is read for every frame, so it may change in the middle of a stream', () => {
  let key = '-'
  const read = createFrameReader(() => key)
  const hello: Frame = { type: 'hello', body: Buffer.from('{}') }
  const out: Frame = { type: 'out', body: Buffer.from('x') }
  assert.deepEqual(read(encode(hello, '-')), [hello])
  key = KEY
  assert.deepEqual(read(encode(out)), [out])
  assert.deepEqual(
    read(encode(hello, '-')).map(({ type }) => type),
    ['garbled'],
  )
})

test('the largest body is read, and later chunks do not change a returned body', () => {
  const body = Buffer.alloc(1 << 20, 'b')
  const read = createFrameReader(() => KEY)
  const stream = encode({ type: 'out', body })
  const [first] = read(stream)
  stream.fill(0)
  assert.deepEqual(first?.body, body)
})
