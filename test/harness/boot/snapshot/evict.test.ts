import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { evictSnapshots, touchSnapshot } from '#harness/boot/snapshot/evict.ts'
import { compressedFile, ramFile } from '#harness/boot/snapshot/compress.ts'
import { manifestFile } from '#harness/boot/snapshot/snapshot.ts'

const cache = await mkdtemp(join(tmpdir(), 'kwitness-evict-'))
const root = join(cache, 'guests')
await mkdir(root)
after(() => rm(cache, { recursive: true }))
const PAGE = 4096
const DAY_MS = 86_400_000

async function makeSnapshot(name: string, pages: number, day: number): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder)
  await writeFile(manifestFile(folder), '{}')
  await writeFile(ramFile(folder), Buffer.alloc(pages * PAGE, 1))
  await touchSnapshot(folder, new Date(day * DAY_MS))
  return folder
}

test('the least recently used snapshots are removed until the rest is within the limit', async () => {
  const oldest = await makeSnapshot('a-oldest', 4, 1)
  const middle = await makeSnapshot('b-middle', 4, 2)
  await makeSnapshot('c-newest', 4, 3)
  const within = (pages: number) => ({ uncompressed: 99 * PAGE, all: pages * PAGE })
  assert.deepEqual(await evictSnapshots(root, within(12)), [])
  assert.deepEqual(await evictSnapshots(root, within(9)), [oldest])
  await touchSnapshot(middle, new Date(4 * DAY_MS))
  await evictSnapshots(root, within(4))
  assert.deepEqual(await readdir(root), ['b-middle'])
  await evictSnapshots(root, within(0))
})

test('the least recently used are compressed until the RAM of the rest fits, and count with their compressed size', async () => {
  const folders = [await makeSnapshot('a', 4, 1), await makeSnapshot('b', 4, 2), await makeSnapshot('c', 4, 3)]
  const ramOf = async (folder: string): Promise<string[]> => (await readdir(folder)).filter((name) => name.startsWith('ram'))
  const files = () => Promise.all(folders.map(ramOf))
  const [ram, compressed] = [ramFile(''), compressedFile('')].map((file) => [file])
  assert.deepEqual(await evictSnapshots(root, { uncompressed: 8 * PAGE, all: 9 * PAGE }), [])
  assert.deepEqual(await files(), [compressed, ram, ram])
  assert.deepEqual(await evictSnapshots(root, { uncompressed: 0, all: 2 * PAGE }), [folders[0]])
  assert.deepEqual(await readdir(root), ['b', 'c'])
  await evictSnapshots(root, { uncompressed: 0, all: 0 })
})

test('a snapshot whose RAM cannot be compressed is removed, because it would block the eviction', async (t) => {
  const folder = await makeSnapshot('d', 4, 4)
  const path = process.env['PATH']
  t.after(() => (process.env['PATH'] = path))
  process.env['PATH'] = ''
  assert.deepEqual(await evictSnapshots(root, { uncompressed: 0, all: 99 * PAGE }), [folder])
})

test('a snapshot that is used while it is compressed keeps its RAM', async (t) => {
  const folder = await makeSnapshot('e', 4, 5)
  const tools = join(cache, 'tools')
  const path = process.env['PATH']
  t.after(() => (process.env['PATH'] = path))
  await mkdir(tools)
  const zstd = `#!/bin/sh\ntouch '${manifestFile(folder)}'\nPATH='${path}' exec zstd "$@"\n`
  await writeFile(join(tools, 'zstd'), zstd, { mode: 0o755 })
  process.env['PATH'] = `${tools}:${path}`
  assert.deepEqual(await evictSnapshots(root, { uncompressed: 0, all: 99 * PAGE }), [])
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('ram')),
    ['ram', 'ram.zst'],
  )
  process.env['PATH'] = path
  await evictSnapshots(root, { uncompressed: 0, all: 0 })
})

test('a folder without a snapshot stays, and a missing root is not an error', async () => {
  await mkdir(join(root, 'half'))
  await evictSnapshots(root, { uncompressed: 0, all: 0 })
  assert.deepEqual(await readdir(root), ['half'])
  assert.deepEqual(await evictSnapshots(join(root, 'nowhere'), { uncompressed: 0, all: 0 }), [])
})
