import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLog } from '#harness/transport/log.ts'

/** Bytes that encode their position in the stream, so that a lost or moved one shows. */
function numbered(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + (at >> 8) * 7) & 0xff
  return bytes
}

const sizes = fc.array(fc.integer({ min: 0, max: 70 }), { maxLength: 40 })
const half = fc.integer({ min: 1, max: 64 })

test('for any bytes in any chunks, the beginning and the end are kept in order, the rest is counted', () => {
  fc.assert(
    fc.property(half, sizes, (kept, lengths) => {
      const log = createLog(kept)
      const whole = numbered(lengths.reduce((sum, length) => sum + length, 0))
      let at = 0
      for (const length of lengths) log.write(whole.subarray(at, (at += length)))

      assert.equal(log.total(), whole.length)
      const dropped = Math.max(0, whole.length - 2 * kept)
      const gap = dropped === 0 ? '' : `\n[kwitness: ${dropped} bytes are not kept]\n`
      const head = whole.subarray(0, kept)
      const tail = dropped === 0 ? whole.subarray(kept) : whole.subarray(-kept)
      assert.deepEqual(log.bytes(), Buffer.concat([head, Buffer.from(gap), tail]))
    }),
  )
})

test('reading the log does not change what later writes give', () => {
  fc.assert(
    fc.property(half, sizes, (kept, lengths) => {
      const [read, unread] = [createLog(kept), createLog(kept)]
      for (const length of lengths) {
        read.write(numbered(length))
        unread.write(numbered(length))
        read.bytes()
      }
      assert.deepEqual(read.bytes(), unread.bytes())
      assert.equal(read.total(), unread.total())
    }),
  )
})

test('a chunk that its writer reuses does not change the log', () => {
  const log = createLog(4)
  const chunk = Buffer.from('abcdef')
  log.write(chunk)
  chunk.fill('x')
  assert.equal(log.bytes().toString(), 'abcdef')
})

test('a saved log has the size that save returns', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-log-'))
  t.after(() => rm(folder, { recursive: true }))
  const log = createLog(10)
  log.write(numbered(25))
  const info = await log.save(join(folder, 'console.log'))
  const saved = await readFile(join(folder, 'console.log'))
  assert.deepEqual(info, { file: 'console.log', bytes: saved.length, droppedBytes: 5 })
  assert.deepEqual(saved, log.bytes())
})

test('memory stays bounded, even when a flood comes byte by byte', () => {
  const log = createLog(1 << 18)
  const byte = Buffer.from('x')
  const before = process.memoryUsage()
  for (let sent = 0; sent < 2 << 20; sent += 1) log.write(byte)
  const after = process.memoryUsage()
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  assert.ok(grown < 16 << 20, `${Math.round(grown / 1e6)} MB are held for a log of 512 KiB`)
  assert.equal(log.total(), 2 << 20)
})
