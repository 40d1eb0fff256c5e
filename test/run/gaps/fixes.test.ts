/** The test patches for gaps: each is named after its case, says its licence, and is a patch. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { readPatches } from '#harness/patches/read.ts'
import { inRepository } from '#harness/support/repository.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'

const FIXES = inRepository('vm-images', 'fixes')

test('every test patch names its case and its licence', async (t) => {
  const cases = await readdir(inRepository('c-tests'))
  const names = (await readdir(FIXES, { recursive: true })).filter((name) => name.endsWith('.patch'))
  assert.ok(names.length >= 5, names.join())
  const cache = await temporaryFolder(t)
  for (const name of names) {
    const id = basename(name, '.patch')
    assert.ok(cases.includes(id), name)
    const text = await readFile(join(FIXES, name))
    assert.match(text.toString(), new RegExp(`^SPDX-License-Identifier: GPL-2\\.0-only\\n.*\\nMust fix: ${id}\\.\\n`, 's'), name)
    const { patches } = await readPatches(text, name, cache)
    assert.equal(patches.length, 1, name)
  }
})
