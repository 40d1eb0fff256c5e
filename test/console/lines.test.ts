/** The console cleaner: what goes, what stays, and that neither chunks nor damage change it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_LINE_LENGTH, cleanLine, createLineReader } from '#console/lines.ts'
import { chunksOf, consoleText } from './arbitraries.ts'

const CLEANED: readonly (readonly [string, string, string])[] = [
  ['a stamp', '[    1.234567] text', 'text'],
  ['a stamp past 99999 s', '[123456.234567] text', 'text'],
  ['level, stamp and caller', '<6>[    1.234567][    T1] text', 'text'],
  ['a caller with a cpu', '[    1.234567][   C0] text', 'text'],
  ['a stamp twice', '[    1.000000] [    1.000000] text', 'text'],
  ['colour', '\x1b[01;31m\x1b[Ktext\x1b[m\x1b[K', 'text'],
  ['a window title', '\x1b]0;root@guest: ~\x07text', 'text'],
  ['NUL and bell', '\x00te\x07xt\x00', 'text'],
  ['a carriage return inside', 'te\rxt', 'text'],
]

for (const [what, raw, clean] of CLEANED) test(`${what} is taken off`, () => assert.equal(cleanLine(raw), clean))

for (const kept of ['[0.5] is a ratio', '[1] a footnote', '    ok 1 indented', 'a\ttab', '<script>', 'größer ☃']) {
  test(`${JSON.stringify(kept)} stays`, () => assert.equal(cleanLine(kept), kept))
}

test('indentation behind a stamp stays', () => assert.equal(cleanLine('[    1.234567]     ok 1 a'), '    ok 1 a'))

test('cleaning twice is cleaning once', () => {
  fc.assert(fc.property(consoleText, (text) => assert.equal(cleanLine(cleanLine(text)), cleanLine(text))))
})

function read(chunks: Iterable<Uint8Array>) {
  const lines: string[] = []
  const numbers: number[] = []
  const reader = createLineReader((line, number) => {
    lines.push(line)
    numbers.push(number)
  })
  for (const chunk of chunks) reader.push(chunk)
  return { lines, numbers, account: reader.finish() }
}

test('chunks change nothing', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    consoleText.map((text) => new TextEncoder().encode(text)),
  )
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 9 }), (whole, size) => {
      const sizes = Array<number>(Math.ceil(whole.length / size)).fill(size)
      assert.deepEqual(read(chunksOf(whole, sizes)), read([whole]))
    }),
  )
})

test('cleaned line n is raw line n', () => {
  fc.assert(
    fc.property(
      fc.array(
        consoleText.map((text) => text.replaceAll('\n', '')),
        { minLength: 1 },
      ),
      (raw) => {
        const { lines, numbers } = read([new TextEncoder().encode(`${raw.join('\n')}\n`)])
        assert.deepEqual(
          lines,
          raw.map((line) => cleanLine(line.replace(/\r$/, ''))),
        )
        assert.deepEqual(
          numbers,
          raw.map((_, index) => index + 1),
        )
      },
    ),
  )
})

test('valid UTF-8 has no bad bytes, and each bad byte counts', () => {
  const good = fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed() && !text.includes('\uFFFD'))
  fc.assert(
    fc.property(good, fc.nat(5), good, (before, bad, after) => {
      const bytes = Buffer.concat([Buffer.from(before), Buffer.alloc(bad, 0xff), Buffer.from(after)])
      assert.equal(read([bytes]).account.badBytes, bad)
    }),
  )
})

test('a line without end is cut, with a note, and the next one is whole', () => {
  const flood = Buffer.alloc(1 << 16, 'x')
  const chunks = [...Array<Buffer>(64).fill(flood), Buffer.from('\nnext\n')]
  const { lines, account } = read(chunks)
  assert.equal(lines.length, 2)
  assert.equal(lines[0], `${'x'.repeat(MAX_LINE_LENGTH)} [line cut here]`)
  assert.equal(lines[1], 'next')
  assert.equal(account.cutLines, 1)
  assert.deepEqual(read([Buffer.concat(chunks)]).lines, lines)
})

test('dropped messages are added up', () => {
  const log = '** 17 printk messages dropped **\r\n[    1.000000] a\r\n** 3 printk messages dropped **\r\n'
  const { account } = read([Buffer.from(log)])
  assert.equal(account.droppedMessages, 20)
})
