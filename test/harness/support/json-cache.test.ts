import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readJsonCache, writeJsonCache } from '#harness/support/json-cache.ts'

test('concurrent readers and writers see one whole value or null', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-json-cache-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'host', 'fact.json')
  assert.equal(await readJsonCache(path), null)
  const write = (number: number) => writeJsonCache(path, { fact: String(number).repeat(10_000) })
  await write(0)
  const reads = Array.from({ length: 20 }, (_, number) =>
    Promise.all([write(number % 10), readJsonCache<{ fact: string }>(path)]),
  )
  for (const [, read] of await Promise.all(reads)) assert.match(read?.fact ?? '', /^(\d)\1{9999}$/)
  assert.deepEqual(await readdir(join(folder, 'host')), ['fact.json'])
})

test('a truncated cache file reads as null', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-json-cache-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const text of ['', '{"fact":']) {
    await writeFile(join(folder, 'fact.json'), text)
    assert.equal(await readJsonCache(join(folder, 'fact.json')), null)
  }
})
