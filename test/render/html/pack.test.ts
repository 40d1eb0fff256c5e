/** What is packed for a page comes out of the page's own reader unchanged, and what repeats costs little. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pack } from '#render/html/pack.ts'
import { loadPageScripts } from './page-scripts.ts'

const { unpacker } = loadPageScripts()

/** Through JSON, as the page gets it, and back by the page's reader. */
function unpacked(value: unknown): unknown {
  const reader = unpacker(JSON.parse(JSON.stringify(pack(value))))
  return reader.value(reader.root)
}

test('property: a value comes back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.deepEqual(unpacked(value), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('property: objects of one shape, alike or not, come back as they were', () => {
  const plain = { noNullPrototype: true }
  const inner = fc.option(fc.record({ id: fc.nat(3) }, plain))
  const row = fc.record({ id: fc.nat(3), lines: fc.array(fc.constantFrom('a', 'b', 'c', 'd')), inner }, plain)
  fc.assert(fc.property(fc.array(row), (rows) => assert.deepEqual(unpacked(rows), rows)))
})

test('lists of keys that read alike in a row are different shapes', () => {
  for (const value of [
    [{ '': {} }, {}],
    [{ 'a\nb': 1 }, { a: 1, b: 2 }],
    [
      { 'a\nb': 1, c: 2 },
      { a: 1, 'b\nc': 2 },
    ],
  ]) {
    assert.deepEqual(unpacked(value), value)
  }
})

test('a member is reached without reading the rest', () => {
  const reader = unpacker(
    pack({
      rows: [
        [{ name: 'first' }, null],
        ['second', { name: 'third' }],
      ],
    }),
  )
  const rows = reader.member(reader.root, 'rows')
  assert.equal(reader.value(reader.member(reader.member(reader.member(rows, 1), 1), 'name')), 'third')
  assert.equal(reader.value(reader.member(reader.member(rows, 0), 1)), null)
})

test('a log that others share costs a few numbers', () => {
  const log = Array.from({ length: 500 }, (_, line) => `line ${line} of a boot like any other`)
  const cells = Array.from({ length: 200 }, (_, cell) => ({ seed: `${cell}`, console: [...log, `seed ${cell}`] }))
  const alone = JSON.stringify(pack([cells[0]])).length
  assert.ok(JSON.stringify(pack(cells)).length < 2 * alone)
})
