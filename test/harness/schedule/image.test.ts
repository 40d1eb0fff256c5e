/** What an image says of its types and symbols: BTF as GCC writes it, kallsyms tables of each layout. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { readBtf } from '#harness/schedule/image/btf.ts'
import { contentOf, readSections } from '#harness/schedule/image/elf.ts'
import { readKallsyms } from '#harness/schedule/image/kallsyms.ts'
import { codeSymbols } from '#harness/schedule/image/symbols.ts'

const SOURCE = `
struct lock { long count; long owner; };
struct mm { struct { char pad[240]; union { struct lock lock; long words[2]; }; unsigned a : 3, b : 9; }; int seq; };
struct mm the_mm;
`

test('offsets of members come from BTF, also through structures without a name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-'))
  try {
    await writeFile(join(folder, 'types.c'), SOURCE)
    await runCommand('gcc', ['-gbtf', '-c', '-o', join(folder, 'types.o'), join(folder, 'types.c')])
    const file = await readFile(join(folder, 'types.o'))
    const content = contentOf(
      file,
      readSections(file).find(({ name }) => name === '.BTF'),
    )
    const offsetOf = content && readBtf(content)
    assert.ok(offsetOf)
    const paths = ['mm.lock', 'mm.seq', 'mm.b', 'lock.owner', 'mm.absent', 'absent.seq']
    assert.deepEqual(paths.map(offsetOf), [240, 264, 256, 8, null, null])
    assert.equal(readBtf(content.subarray(0, 40)), null)
    assert.equal(readBtf(Buffer.alloc(100)), null)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('what is no ELF file has no sections', () => {
  assert.deepEqual(readSections(Buffer.from('MZ')), [])
  assert.deepEqual(readSections(Buffer.alloc(4096)), [])
  assert.equal(contentOf(Buffer.alloc(0), undefined), null)
})

const BASE = 0xffff_ffff_8100_0000n
const COUNT = 2000
const align = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)])
const numbers = (values: readonly number[]): Buffer => Buffer.from(Int32Array.from(values).buffer)

/** The tables as scripts/kallsyms.c writes them: every character is a token of its own. */
function tablesOf(layout: 'before' | 'behind' | 'relative', withSequence: boolean): Buffer {
  const names = Array.from({ length: COUNT }, (_, index) => `T${index === 7 ? 'x'.repeat(150) : 'function_'}${index}`)
  const encoded = names.map((name) => {
    const length = name.length < 128 ? [name.length] : [0x80 | (name.length & 0x7f), name.length >> 7]
    return Buffer.concat([Buffer.from(length), Buffer.from(name, 'latin1')])
  })
  let at = 0
  const starts = encoded.map((one) => (at += one.length) - one.length)
  const texts = Array.from({ length: 256 }, (_, token) => (token < 0x20 || token > 0x7e ? 'ab' : String.fromCharCode(token)))
  const table = Buffer.from(`${texts.join('\0')}\0`, 'latin1')
  const index = Buffer.from(
    Uint16Array.from(texts.map((_, token) => texts.slice(0, token).reduce((sum, one) => sum + one.length + 1, 0))).buffer,
  )
  const base = Buffer.alloc(8)
  base.writeBigUInt64LE(BASE)
  const sequence = withSequence ? Buffer.alloc(3 * COUNT, 0x5a) : Buffer.alloc(0)
  const head = [
    align(numbers([COUNT])),
    align(Buffer.concat(encoded)),
    align(numbers(starts.filter((_, name) => name % 256 === 0))),
  ]
  const tail = [sequence, align(table), align(index)]
  const padding = Buffer.alloc(64, 0xa5)
  if (layout === 'before') {
    const down = numbers(names.map((_, name) => -1 - 16 * name))
    return Buffer.concat([padding, align(down), base, ...head, ...tail, padding])
  }
  if (layout === 'behind')
    return Buffer.concat([padding, ...head, ...tail, align(numbers(names.map((_, name) => 16 * name))), base, padding])
  const before = Buffer.concat([padding, ...head, ...tail])
  const here = names.map((_, name) => 16 * name - (before.length + 4 * name) - 0x10_0000)
  return Buffer.concat([before, align(numbers(here)), padding])
}

for (const layout of ['before', 'behind', 'relative'] as const) {
  test(`symbols are read where the addresses stand ${layout} the tokens`, () => {
    for (const withSequence of [false, true]) {
      const symbols = readKallsyms(tablesOf(layout, withSequence), BASE + 0x10_0000n)
      assert.equal(symbols?.length, COUNT)
      assert.deepEqual(symbols?.[5], { name: 'function_5', address: BASE + 80n, type: 'T' })
      assert.equal(symbols?.[7]?.name, `${'x'.repeat(150)}7`)
      assert.equal(symbols?.at(-1)?.address, BASE + BigInt(16 * (COUNT - 1)))
    }
  })
}

test('bytes without such tables have no symbols', () => {
  assert.equal(readKallsyms(Buffer.alloc(1 << 16), BASE), null)
  assert.equal(readKallsyms(tablesOf('before', false).subarray(0, 5000), BASE), null)
})

test('an address is named by the function before it, and paddings are no functions', () => {
  const symbols = codeSymbols([
    { name: 'first', address: 0x100n, type: 't' },
    { name: '__pfx_second', address: 0x1f0n, type: 't' },
    { name: 'second', address: 0x200n, type: 'T' },
    { name: 'alias', address: 0x200n, type: 'T' },
    { name: 'variable', address: 0x210n, type: 'd' },
    { name: 'third', address: 0x300n, type: 'T' },
  ])
  assert.equal(symbols.name(0x20fn), 'alias+0xf')
  assert.equal(symbols.name(0x50n), '0x50')
  assert.equal(symbols.end(0x200n), 0x300n)
  assert.equal(symbols.end(0x100n), 0x200n)
  assert.equal(symbols.address('variable'), null)
})
