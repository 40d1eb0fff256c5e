import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeCpio, writeInitramfsCpio, type CpioFile, type CpioFolder } from '#harness/image/cpio.ts'

interface Entry {
  readonly name: string
  readonly mode: number
  readonly inode: number
  readonly links: number
  readonly rest: readonly number[]
  readonly data: Buffer
}

/** Parse a newc archive (Documentation/driver-api/early-userspace/buffer-format.rst). */
function readCpio(archive: Buffer): Entry[] {
  const entries: Entry[] = []
  for (let at = 0; at < archive.length;) {
    assert.equal(archive.toString('latin1', at, at + 6), '070701')
    const start = at
    const field = (n: number) => Number.parseInt(archive.toString('latin1', start + 6 + n * 8, start + 14 + n * 8), 16)
    const nameLength = field(11)
    const name = archive.toString('latin1', at + 110, at + 110 + nameLength - 1)
    assert.equal(archive[at + 110 + nameLength - 1], 0, 'a name ends with a NUL')
    const data = Math.ceil((at + 110 + nameLength) / 4) * 4
    const end = data + field(6)
    const rest = [field(2), field(3), field(5), field(7), field(8), field(9), field(10), field(12)]
    entries.push({ name, mode: field(1), inode: field(0), links: field(4), rest, data: archive.subarray(data, end) })
    at = Math.ceil(end / 4) * 4
    assert.ok(at <= archive.length, 'an entry ends inside the archive')
  }
  return entries
}

const name = fc.stringMatching(/^[a-z0-9._/-]{1,40}$/)
const file: fc.Arbitrary<CpioFile> = fc.record(
  { name, data: fc.uint8Array({ maxLength: 60 }), executable: fc.boolean() },
  { noNullPrototype: true },
)
const folder: fc.Arbitrary<CpioFolder> = name.map((text) => ({ name: text, folder: true as const }))

test('an archive reads back with its names, modes and bytes, in order, without owner and time', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(file, folder), { maxLength: 8 }), (items) => {
      const entries = readCpio(writeCpio(items))
      const trailer = entries.pop()
      assert.equal(trailer?.name, 'TRAILER!!!')
      assert.deepEqual(
        entries.map(({ name: text, mode, data }) => ({ name: text, mode, data })),
        items.map((item) =>
          'folder' in item
            ? { name: item.name, mode: 0o40755, data: Buffer.alloc(0) }
            : { name: item.name, mode: item.executable ? 0o100755 : 0o100644, data: Buffer.from(item.data) },
        ),
      )
      assert.ok(
        entries.every(({ rest }) => rest.every((value) => value === 0)),
        'owners, times, devices and checks are 0',
      )
      assert.equal(new Set(entries.map(({ inode }) => inode)).size, items.length, 'no two entries share an inode')
      assert.ok(entries.every(({ links }) => links === 1))
    }),
  )
})

test('an archive has exactly these bytes', () => {
  const header = (inode: string, mode: string, size: string, nameSize: string) =>
    `070701${inode}${mode}${'0'.repeat(16)}00000001${'0'.repeat(8)}${size}${'0'.repeat(32)}${nameSize}${'0'.repeat(8)}`
  const expected = [
    `${header('00000001', '000041ed', '00000000', '00000004')}dev\0\0\0`,
    `${header('00000002', '000081ed', '00000005', '00000005')}init\0\0hello\0\0\0`,
    `${header('00000000', '00000000', '00000000', '0000000b')}TRAILER!!!\0\0\0\0`,
  ].join('')
  const archive = writeCpio([
    { name: 'dev', folder: true },
    { name: 'init', data: Buffer.from('hello'), executable: true },
  ])
  assert.equal(archive.toString('latin1'), expected)
})

test('an archive to boot from ends in the first half of a page, with nothing but zeros behind it', () => {
  const lengths = new Set<number>()
  for (let size = 0; size < 4096; size += 4) {
    const entries = [{ name: 'init', data: Buffer.alloc(size, 1) }]
    const [plain, archive] = [writeCpio(entries), writeInitramfsCpio(entries)]
    lengths.add(plain.length % 4096)
    assert.ok(archive.length % 4096 > 0 && archive.length % 4096 <= 2048, `${plain.length} bytes became ${archive.length}`)
    assert.ok(archive.length % 4 === 0 && archive.length - plain.length <= 2052)
    assert.deepEqual(archive.subarray(0, plain.length), plain)
    assert.ok(archive.subarray(plain.length).every((byte) => byte === 0))
  }
  assert.equal(lengths.size, 1024, 'every place in a page was tried')
})
