import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createJsonReader, readJsonCache, writeJsonCache } from '#harness/support/json-cache.ts'
import { tscSchema } from '#schema/cache/host.ts'

test('concurrent readers and writers see one whole value or null', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-json-cache-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'host', 'fact.json')
  assert.equal(await readJsonCache(path, tscSchema), null)
  const write = (number: number) => writeJsonCache(path, { cpuModel: String(number).repeat(10_000), khz: 1_000_000 })
  await write(0)
  const reads = Array.from({ length: 20 }, (_, number) => Promise.all([write(number % 10), readJsonCache(path, tscSchema)]))
  for (const [, read] of await Promise.all(reads)) assert.match(read?.cpuModel ?? '', /^(\d)\1{9999}$/)
  assert.deepEqual(await readdir(join(folder, 'host')), ['fact.json'])
})

test('a truncated cache file reads as null, and so does one of another schema', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-json-cache-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const text of ['', '{"cpuModel":', 'null', '{"cpuModel":"a","khz":null}']) {
    await writeFile(join(folder, 'fact.json'), text)
    assert.equal(await readJsonCache(join(folder, 'fact.json'), tscSchema), null)
  }
})

test('a reader that keeps what it parsed sees a file that changes, is damaged and comes back', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-json-cache-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'fact.json')
  const read = createJsonReader(tscSchema)
  assert.equal(await read(path), null)
  for (const khz of [1_000_000, 1_000_000, 2_000_000]) {
    await writeJsonCache(path, { cpuModel: 'a', khz })
    assert.deepEqual(await read(path), { cpuModel: 'a', khz })
    assert.equal(await read(path), await read(path), 'parsed once')
  }
  await writeFile(path, '{"cpuModel":')
  assert.equal(await read(path), null)
  await writeJsonCache(path, { cpuModel: 'a', khz: 2_000_000 })
  assert.deepEqual(await read(path), { cpuModel: 'a', khz: 2_000_000 })
})
