/** The shared headers: the index names each one, folders stay small, and they include each other in one direction. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

const INCLUDE = join(import.meta.dirname, '..', '..', 'c-tests', 'include')
const MAX_HEADERS = 15
/** Folders that the headers of a folder may include, besides their own. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  mm: ['core'],
  uffd: ['core', 'mm'],
  io: ['core', 'mm'],
  race: ['core', 'mm', 'uffd', 'io'],
}

const headers = (await readdir(INCLUDE, { recursive: true })).filter((file) => file.endsWith('.h')).toSorted()
const folderOf = (header: string) => header.split('/')[0] ?? ''

test('README.md has one row for each header, with what it is for, and no other row', async () => {
  const lines = (await readFile(join(INCLUDE, 'README.md'), 'utf8')).split('\n')
  const rows = lines.map((line) => /^\| `(.+\.h)` \| \S.* \|$/.exec(line)?.[1]).filter((row) => row !== undefined)
  assert.deepEqual(rows.toSorted(), headers)
})

test('every header lies in one of the folders, and no folder outgrows itself', () => {
  assert.ok(headers.length > 0)
  for (const folder of new Set(headers.map(folderOf))) {
    assert.ok(folder in ALLOWED, `${folder} is not a folder of c-tests/include`)
    const size = headers.filter((header) => folderOf(header) === folder).length
    assert.ok(size <= MAX_HEADERS, `${folder}/ has ${size} headers, the limit is ${MAX_HEADERS}`)
  }
})

test('headers include each other by folder and name, in one direction', async () => {
  for (const header of headers) {
    const own = folderOf(header)
    for (const [, included = ''] of (await readFile(join(INCLUDE, header), 'utf8')).matchAll(/^#include "(.+)"$/gm)) {
      assert.ok(headers.includes(included), `${header} includes ${included}, which is not a path below include/`)
      const folder = folderOf(included)
      assert.ok(folder === own || ALLOWED[own]?.includes(folder), `${header} must not include ${included}`)
    }
  }
})
