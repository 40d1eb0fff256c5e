import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCell } from '#cli/options/cell-name.ts'

const cells = [
  { kernel: 'debian-6.1.170-1-amd64', case: 'a' },
  { kernel: 'debian-6.1.170-1-cloud-amd64', case: 'a' },
  { kernel: 'debian-6.1.17-1-amd64', case: 'a' },
  { kernel: 'tree-5.10/odd', case: 'b' },
]
const find = (text: string) => findCell('2026-01-31-1', cells, (cell) => cell, text)

test('a cell is named by the id of its kernel, or by the version of a kernel of Debian', () => {
  assert.equal(find('debian-6.1.170-1-cloud-amd64/a'), cells[1])
  assert.equal(find('6.1.17/a'), cells[2])
  assert.equal(find('tree-5.10/odd/b'), cells[3])
})

test('a name of no cell, or of several, is refused with what there is', () => {
  for (const text of ['6.1.17/b', '6.1/a', 'a', '/a', '6.1.17/'])
    assert.throws(() => find(text), { name: 'UserError', message: `run 2026-01-31-1 has no result ${text}` })
  const hint = 'debian-6.1.170-1-amd64/a, debian-6.1.170-1-cloud-amd64/a'
  assert.throws(() => find('6.1.170/a'), { name: 'UserError', message: '6.1.170/a names more than one result', hint })
})
