/** What of the cache goes, and what stays while it is used. */
import assert from 'node:assert/strict'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pruneCache } from '#cli/commands/retention/cache.ts'
import { listCache, listOthers } from '#harness/cache/prune.ts'
import { whileInUse, whileUnused } from '#harness/support/cache-use.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const DAY = 86_400_000

/** A cache with one entry of each kind, `age` days old, and what is no entry. */
async function filledCache(t: TestContext, ages: readonly number[]) {
  const cache = await temporaryFolder(t)
  for (const folder of ['guests', 'kernels', 'programs', 'trees']) {
    for (const age of ages) {
      const entry = join(cache, folder, `base-${age}`)
      await mkdir(entry, { recursive: true })
      await writeFile(join(entry, 'guest.json'), 'x'.repeat(5000))
      const at = new Date(Date.now() - age * DAY)
      await utimes(join(entry, 'guest.json'), at, at)
      await utimes(entry, at, at)
    }
  }
  await mkdir(join(cache, 'trees', 'recipes'))
  await mkdir(join(cache, 'kernels', 'one.tmp-abc'))
  return { workspace: { cache, state: cache }, names: async (folder: string) => (await readdir(join(cache, folder))).toSorted() }
}

test('entries have their kind, size and last use', async (t) => {
  const { workspace } = await filledCache(t, [3])
  const entries = await listCache(workspace)
  assert.deepEqual(
    entries.map(({ name }) => name),
    ['guests/base-3', 'kernels/base-3', 'programs/base-3', 'trees/base-3'],
  )
  for (const { bytes, usedAt } of entries) {
    assert.ok(bytes >= 5000)
    assert.equal(Math.round((Date.now() - usedAt) / DAY), 3)
  }
})

test('by age, by number of each kind, and with both', async (t) => {
  const { workspace, names } = await filledCache(t, [1, 5, 40])
  const dry = await pruneCache(workspace, { olderThanMs: 30 * DAY }, { dryRun: true })
  assert.equal(dry.removed.length, 4)
  assert.equal((await names('guests')).length, 3, 'a dry run removes nothing')
  await pruneCache(workspace, { olderThanMs: 3 * DAY, keep: 2 })
  for (const folder of ['guests', 'programs']) assert.deepEqual(await names(folder), ['base-1', 'base-5'])
  assert.deepEqual(await names('trees'), ['base-1', 'base-5', 'recipes'])
  assert.deepEqual(await names('kernels'), ['base-1', 'base-5', 'one.tmp-abc'])
  await pruneCache(workspace, { keep: 1 }, { kinds: ['programs'] })
  assert.deepEqual(await names('programs'), ['base-1'])
  assert.deepEqual(await names('guests'), ['base-1', 'base-5'])
  await pruneCache(workspace, { maxBytes: 0 })
  assert.deepEqual(await names('guests'), [])
})

test('while a process uses the cache only snapshots go, and a process waits while it is pruned', async (t) => {
  const { workspace, names } = await filledCache(t, [40])
  const said = t.mock.method(console, 'error', () => undefined)
  await whileInUse(workspace, {}, async () => {
    // Others may use it at the same time.
    await whileInUse(workspace, {}, async () => undefined)
    assert.equal((await pruneCache(workspace, { keep: 0 })).isBusy, true)
  })
  assert.match(String(said.mock.calls[0]?.arguments[0]), new RegExp(`process ${process.pid} \\(`))
  assert.deepEqual(await names('guests'), [])
  assert.deepEqual(await names('programs'), ['base-40'])
  const order: string[] = []
  await whileUnused(workspace, async () => {
    const waiting = whileInUse(workspace, {}, async () => void order.push('used'))
    await new Promise(setImmediate)
    order.push('pruned')
    return { waiting }
  }).then(({ waiting }) => waiting)
  assert.deepEqual(order, ['pruned', 'used'])
  assert.equal((await pruneCache(workspace, { keep: 0 })).isBusy, false)
})

test('what fails while the cache is in use is not blamed on its lock', async (t) => {
  const { workspace } = await filledCache(t, [1])
  const error = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', path: '/a/patch' })
  const fail = () => Promise.reject(error)
  for (const hold of [() => whileInUse(workspace, {}, fail), () => whileUnused(workspace, fail)]) {
    assert.equal(await hold().catch((caught: unknown) => caught), error)
  }
  const none = { ...workspace, cache: '/proc/nowhere' }
  await assert.rejects(
    whileInUse(none, {}, async () => undefined),
    /cannot write \/proc\/nowhere\/locks\/in-use.lock: ENOENT/,
  )
})

test('what Node compiled is pruned file by file, and what is never pruned is listed with its size', async (t) => {
  const { workspace } = await filledCache(t, [1])
  const { cache } = workspace
  const old = new Date(Date.now() - 40 * DAY)
  for (const name of ['v24.1/aaaa', 'v24.1/bbbb', 'v24.2/cccc']) {
    await mkdir(join(cache, 'compile', name, '..'), { recursive: true })
    await writeFile(join(cache, 'compile', name), 'x'.repeat(5000))
    if (name !== 'v24.2/cccc') await utimes(join(cache, 'compile', name), old, old)
  }
  for (const name of ['node-24', 'apt']) {
    await mkdir(join(cache, name))
    await writeFile(join(cache, name, 'file'), 'x'.repeat(5000))
  }
  const { removed } = await pruneCache(workspace, { olderThanMs: 30 * DAY })
  assert.deepEqual(
    removed.map(({ name, kind }) => [kind, name]),
    ['aaaa', 'bbbb'].map((name) => ['compiled', `compile/v24.1/${name}`]),
  )
  assert.deepEqual(await readdir(join(cache, 'compile', 'v24.2')), ['cccc'])
  const others = await listOthers(workspace)
  assert.deepEqual(
    others.map(({ name }) => name).filter((name) => !['locks', 'scratch', 'owners'].includes(name)),
    ['apt', 'node-24'],
  )
  assert.ok(others.every(({ bytes }) => bytes > 0))
})
