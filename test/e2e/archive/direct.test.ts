/** What an archive that is read without apt must not be believed, beside what archive.test.ts asks of both ways. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { listKernels } from '#harness/kernels/index.ts'
import { flipByte } from '#test/helpers/kernel-images.ts'
import { archiveWithCaches, NEEDS_ARCHIVE as options } from '#test/helpers/kernels/archive-caches.ts'

const given = (t: TestContext) => archiveWithCaches(t, 'direct')
const refusals = (messages: readonly string[]) => messages.filter((line) => line.startsWith('left out suite bookworm: '))

test('what is signed for one suite does not pass for another', options, async (t) => {
  const { context, messages, repository } = await given(t)
  await repository.replace('debian/dists/bookworm/InRelease', 'debian/dists/sid/InRelease')
  await listKernels(context, { selector: 'debian:*' })
  assert.match(refusals(messages).join(), /Refused \S+InRelease bookworm InRelease {2}it is of sid, not of bookworm/)
})

test('words around what was signed do not count, and words within it spoil it', options, async (t) => {
  const { context, messages, repository } = await given(t)
  repository.corrupt('bookworm/InRelease')
  await listKernels(context, { selector: 'debian:*' })
  assert.match(refusals(messages).join(), /its signature is not by a key of the keyring/)
})

test('a list that came damaged into the cache is left out, and fetched again', options, async (t) => {
  const { context, cache, repository } = await given(t)
  const before = await listKernels(context, { selector: 'debian:*' })
  const [lists = ''] = (await readdir(join(cache, 'apt'))).map((name) => join(cache, 'apt', name, 'direct'))
  for (const name of await readdir(lists)) if (/^[0-9a-f]{64}$/.test(name)) await flipByte(join(lists, name))
  repository.takeRequests()
  const after = await listKernels({ ...context, freshAfter: Date.now() }, { selector: 'debian:*' })
  assert.deepEqual(after, before)
  assert.ok(repository.takeRequests().some((path) => path.endsWith('/Packages')))
})
