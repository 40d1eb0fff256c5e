import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { evictGuests, touchGuest } from '../../harness/boot/evict.ts'
import { manifestFile, ramFile } from '../../harness/boot/saved-guest.ts'

const root = await mkdtemp(join(tmpdir(), 'kwitness-evict-'))
after(() => rm(root, { recursive: true }))
const PAGE = 4096
const DAY_MS = 86_400_000

async function makeGuest(name: string, pages: number, day: number): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder)
  await writeFile(manifestFile(folder), '{}')
  await writeFile(ramFile(folder), Buffer.alloc(pages * PAGE, 1))
  await touchGuest(folder, new Date(day * DAY_MS))
  return folder
}

test('the least recently used guests go until the rest fit, and no further', async () => {
  const oldest = await makeGuest('a-oldest', 4, 1)
  const middle = await makeGuest('b-middle', 4, 2)
  await makeGuest('c-newest', 4, 3)
  assert.deepEqual(await evictGuests(root, 12 * PAGE), [])
  assert.deepEqual(await evictGuests(root, 9 * PAGE), [oldest])
  await touchGuest(middle, new Date(4 * DAY_MS))
  await evictGuests(root, 4 * PAGE)
  assert.deepEqual(await readdir(root), ['b-middle'])
})

test('a folder that holds no whole guest is left alone, and no folder at all is no trouble', async () => {
  await mkdir(join(root, 'half'))
  await evictGuests(root, 0)
  assert.deepEqual(await readdir(root), ['half'])
  assert.deepEqual(await evictGuests(join(root, 'nowhere'), 0), [])
})
