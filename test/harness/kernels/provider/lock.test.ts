import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { withCacheLock } from '#harness/kernels/provider/lock.ts'
import { reportProgress, type KernelContext } from '#harness/kernels/provider/provider.ts'
import { describeHolder } from '#harness/support/lock-holder.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

test('whoever waits for a lock of the cache hears what its holder reports, and so does who listens to the holder', async (t) => {
  const cache = await temporaryFolder(t)
  const path = join(cache, 'locks', 'tree.lock')
  const messages: string[] = []
  const context: KernelContext = { workspace: { cache, state: cache }, progress: ({ message }) => messages.push(message) }
  const lock = { path, name: 'kernel builds', doing: 'building k', kernel: 'k' }
  await withCacheLock(context, lock, async (inside) => {
    assert.match(await describeHolder(path), /: building k$/)
    reportProgress(inside, 'base-1', 'building: 7 of about 9 objects')
    assert.match(await describeHolder(path), /: base-1: building: 7 of about 9 objects$/)
  })
  assert.deepEqual(messages, ['building: 7 of about 9 objects'])
})
