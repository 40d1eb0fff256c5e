import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fetchKernel } from '#harness/kernels/index.ts'
import { ccacheEnvironment } from '#harness/kernels/tree/build/ccache.ts'
import { smallTree } from '#test/helpers/kernels/small-tree.ts'

test('without ccache the environment is empty', async (t) => {
  const { workspace, folder } = await smallTree(t)
  assert.deepEqual(await ccacheEnvironment(workspace, { PATH: folder }), {})
})

test('with ccache a full build reuses compiled objects, and gcc prints the same version', async (t) => {
  const { workspace, context, select } = await smallTree(t)
  const added = await ccacheEnvironment(workspace, { ...process.env, CCACHE_DIR: undefined })
  if (added['PATH'] === undefined) return t.skip('ccache is not here')
  assert.equal(added['CCACHE_DIR'], join(workspace.cache, 'ccache', 'objects'))
  const env = { ...process.env, ...added }
  assert.equal(execFileSync('gcc', ['--version'], { env }).toString(), execFileSync('gcc', ['--version']).toString())
  const first = await fetchKernel(await select(), context)
  for (const name of ['kernels', 'trees']) await rm(join(workspace.cache, name), { recursive: true })
  assert.deepEqual(await fetchKernel(await select(), context), first)
  const statistics = execFileSync('ccache', ['--print-stats'], { env, encoding: 'utf8' })
  assert.match(statistics, /^(?:direct|preprocessed)_cache_hit\t2$/m)
  const theirs = await ccacheEnvironment(workspace, { ...process.env, CCACHE_DIR: '/theirs' })
  assert.ok(theirs['PATH'] && !('CCACHE_DIR' in theirs), 'what the user set for it counts')
})
