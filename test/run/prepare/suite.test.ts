/** Tables of suites, as they are read and as they are refused. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readSuite } from '#run/prepare/catalogue.ts'
import { findSuite } from '#run/prepare/suite-programs.ts'

const needs = { cpus: 1, memoryMiB: 512 }
const program = { id: 'cow', program: 'cow', needs, timing: { expectedSeconds: 1, timeoutSeconds: 9 } }
const table = { about: 'x', name: 'kselftest:mm', folders: ['mm'], programs: [program], leftOut: [] }

async function read(data: unknown) {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-table-'))
  try {
    await writeFile(join(folder, 'x.json'), JSON.stringify(data))
    return await readSuite(join(folder, 'x.json'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('what a program does not say is filled in: its source, no arguments, nothing to set up', async () => {
  const { programs } = await read(table)
  const setup = { hugePages: 0, hugetlbfs: null, user: 0 }
  const { needs: asked, ...rest } = program
  assert.deepEqual(programs, [{ ...rest, ...asked, source: 'cow', args: [], exitStatus: false, since: null, setup }])
})

const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
  ['an id twice', { ...table, programs: [program, program] }, /each id once/],
  ['an id that no cell can have', { ...table, programs: [{ ...program, id: 'a b' }] }, /a name that a cell can have/],
  ['a mount elsewhere', { ...table, programs: [{ ...program, setup: { hugetlbfs: '/etc' } }] }, /a folder beside the program/],
  ['a word nobody knows', { ...table, programs: [{ ...program, root: true }] }, /root/],
  ['no program', { ...table, programs: [] }, /programs/],
]

for (const [what, data, why] of REFUSED) {
  test(`refused: ${what}`, () => assert.rejects(read(data), { name: 'UserError', message: why }))
}

test('the suites that kwitness has are read; another is refused, whatever its name', async () => {
  const { name, programs, leftOut } = await findSuite('kselftest:mm')
  assert.equal(name, 'kselftest:mm')
  assert.ok(programs.length > 50 && leftOut.length > 0)
  for (const other of ['kselftest:net', 'kselftest-mm', '../../package:x', '']) {
    await assert.rejects(findSuite(other), { name: 'UserError', message: `there is no suite ${other}` })
  }
})
