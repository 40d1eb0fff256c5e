import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { openScratch } from '#harness/support/scratch.ts'

test('a scratch folder stays while its process lives, and a later process removes it', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'kwitness-scratch-'))
  t.after(() => rm(cache, { recursive: true }))
  const own = await openScratch(cache)
  await writeFile(join(own, 'ram'), 'x')

  /* The process has ended, and the kernel does not reuse its id soon. */
  const dead = `${spawnSync('true').pid}-dead`
  await mkdir(join(cache, 'scratch', dead))
  await writeFile(join(cache, 'scratch', dead, 'ram'), 'x')
  await mkdir(join(cache, 'scratch', 'nobody'))

  const next = await openScratch(cache)
  assert.notEqual(next, own)
  assert.deepEqual((await readdir(join(cache, 'scratch'))).toSorted(), [own, next].map((path) => basename(path)).toSorted())
  assert.deepEqual(await readdir(own), ['ram'])
  assert.deepEqual(await readdir(next), [])
})
