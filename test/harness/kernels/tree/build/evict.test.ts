import assert from 'node:assert/strict'
import { link, mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { evictLogs, evictTrees, isEvictionDue, removeLeftovers } from '#harness/kernels/tree/build/evict.ts'
import { modulesLock } from '#harness/kernels/tree/build/files.ts'
import { withLock } from '#harness/support/lock.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const MIB = 2 ** 20

/** A cache with trees of 4 MiB each, used in this order. */
async function given(t: TestContext, ...names: string[]) {
  const cache = await temporaryFolder(t)
  const trees = join(cache, 'trees')
  for (const [at, name] of names.entries()) {
    await mkdir(join(trees, name), { recursive: true })
    await writeFile(join(trees, name, 'data'), Buffer.alloc(4 * MIB, 'x'))
    await utimes(join(trees, name), at, at)
  }
  return { workspace: { cache, state: cache }, trees }
}

test('the least recently used trees are removed first, and named', async (t) => {
  const { workspace, trees } = await given(t, 'base-02', 'source-01', 'recipes', 'base-01')
  const notes: string[] = []
  await evictTrees(workspace, (names) => void notes.push(names), 9 * MIB)
  assert.deepEqual(notes, ['base-02'])
  assert.deepEqual(await readdir(trees), ['base-01', 'recipes', 'source-01'])
  await evictTrees(workspace, (names) => void notes.push(names), 9 * MIB)
  assert.deepEqual(notes, ['base-02'], 'nothing is removed below the limit')
  await evictTrees(workspace, (names) => void notes.push(names), 1)
  assert.deepEqual(await readdir(trees), ['base-01', 'recipes'], 'the one used last stays')
})

test('no tree is removed while external modules are built in one', async (t) => {
  const { workspace, trees } = await given(t, 'base-01', 'base-02')
  const { path, name } = modulesLock(workspace)
  await withLock(path, { name, doing: 'building modules' }, () => evictTrees(workspace, (names) => assert.fail(names), 1))
  const notes: string[] = []
  await evictTrees(workspace, (names) => void notes.push(names), 1)
  assert.deepEqual(notes, ['base-01'])
  assert.deepEqual(await readdir(trees), ['base-02'])
})

test('after an incremental build eviction is due at every eighth base', async (t) => {
  const names = ['base-1', 'base-2', 'base-3', 'base-4', 'base-5', 'base-6', 'base-7', 'source-1']
  const { workspace, trees } = await given(t, ...names)
  assert.deepEqual([await isEvictionDue('full', workspace), await isEvictionDue('incremental', workspace)], [true, false])
  await mkdir(join(trees, 'base-8'))
  assert.equal(await isEvictionDue('incremental', workspace), true)
})

test('a file that two trees share is counted once', async (t) => {
  const { workspace, trees } = await given(t, 'source-01', 'base-01')
  await link(join(trees, 'source-01', 'data'), join(trees, 'base-01', 'shared'))
  await evictTrees(workspace, (names) => assert.fail(names), 9 * MIB)
  assert.deepEqual(await readdir(trees), ['base-01', 'source-01'])
})

test('the leftovers of a killed process are removed, and nothing else', async (t) => {
  const { workspace, trees } = await given(t, 'source-01', 'source-02.tmp-aBc', 'evicted-base-03', 'base-04')
  await mkdir(join(workspace.cache, 'kernels'))
  const kernels = ['tree-6.1-base-0@0.tmp-x', 'tree-6.1-base-0@0', 'debian-6.1-1-cloud-amd64@0.tmp-x']
  for (const name of kernels) await mkdir(join(workspace.cache, 'kernels', name))
  await removeLeftovers({ workspace })
  assert.deepEqual(await readdir(trees), ['base-04', 'source-01'])
  assert.deepEqual(await readdir(join(workspace.cache, 'kernels')), [kernels[2], kernels[1]])
})

test('the newest logs stay', async (t) => {
  const folder = await temporaryFolder(t)
  for (const [at, name] of ['c.log', 'a.log', 'b.log', 'other'].entries()) {
    await writeFile(join(folder, name), 'x'.repeat(10))
    await utimes(join(folder, name), at, at)
  }
  await evictLogs(folder, 25)
  assert.deepEqual(await readdir(folder), ['a.log', 'b.log', 'other'])
})
