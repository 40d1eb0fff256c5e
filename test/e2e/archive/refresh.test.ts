/** A refresh that does not reach the mirror, or not all of it, keeps what was known and says since when. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { openAptRoot } from '#harness/kernels/debian/archive/root.ts'
import { arrivalOf, freshnessOf } from '#harness/kernels/debian/index.ts'
import { listKernels, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { exists } from '#harness/support/workspace.ts'
import type { DebianIndex } from '#schema/cache/debian.ts'
import { runCli } from '#test/helpers/cli.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { archiveWithCaches, NEEDS_ARCHIVE as options, NEW_ID, OLD_ID } from '#test/helpers/kernels/archive-caches.ts'
import { samples } from '#test/schema/samples.ts'

async function given(t: TestContext, way: KernelContext['readsArchive']) {
  const { repository, messages, context: plain } = await archiveWithCaches(t, way)
  let index: DebianIndex | null = null
  const context: KernelContext = { ...plain, onIndex: (read) => (index = read) }
  /** What `kernels list --refresh` lists: the state of each kernel, and the index it comes from. */
  const refresh = async () => {
    const kernels = await listKernels({ ...context, freshAfter: Date.now() }, { selector: 'debian:*' })
    assert.ok(index)
    return { index: index as DebianIndex, states: Object.fromEntries(kernels.map(({ id, state }) => [id, state])) }
  }
  return { repository, messages, context, refresh }
}

const DROPPED = 'linux-binary-9.1.5+t-cloud-amd64_9.1.5-2~bpo1_amd64.deb'

/** apt waits seconds for a mirror that is away: others go on meanwhile. */
const concurrency = 3

for (const way of ['apt', 'direct'] as const)
  suite(`a refresh, by ${way}`, { concurrency }, () => {
    test(`without a network a kernel that is gone stays gone, and the listing says since when`, options, async (t) => {
      const { repository, messages, context, refresh } = await given(t, way)
      await repository.remove(DROPPED)
      const before = await refresh()
      assert.equal(before.states[NEW_ID], 'not-on-mirror')
      assert.deepEqual(freshnessOf(NEW_ID, before.index), { asOf: before.index.askedAt, isStale: false })
      await repository.close()
      for (const _ of ['once', 'again']) {
        const { index, states } = await refresh()
        assert.deepEqual(states, before.states)
        assert.equal(index.reached, false)
        assert.deepEqual(freshnessOf(NEW_ID, index), { asOf: before.index.askedAt, isStale: true })
      }
      assert.ok(messages.some((line) => line.startsWith(`cannot refresh the index, using the one of ${before.index.askedAt}: `)))
      await assert.rejects(selectKernels([NEW_ID], context), { message: /only kernels that are not on the mirror/ })
      assert.equal(freshnessOf('debian-1-cloud-amd64', before.index), null)
    })

    test(`where one suite does not arrive the others are new, and its own list stays with its time`, options, async (t) => {
      const { repository, messages, refresh } = await given(t, way)
      const first = await refresh()
      assert.equal(first.states[NEW_ID], 'available')
      await repository.remove(DROPPED)
      repository.cut('/dists/bookworm-security/')
      const second = await refresh()
      assert.equal(second.states[NEW_ID], 'not-on-mirror', 'the mirror that answers is asked about its pool')
      assert.equal(second.index.reached, false)
      assert.equal(arrivalOf('bookworm-security', second.index), first.index.askedAt)
      assert.equal(arrivalOf('sid', second.index), second.index.askedAt)
      assert.deepEqual(
        freshnessOf(OLD_ID, second.index),
        { asOf: second.index.askedAt, isStale: false },
        'another suite lists it',
      )
      const said = `cannot refresh suite bookworm-security, using the list of ${first.index.askedAt}: `
      assert.ok(
        messages.some((line) => line.startsWith(said)),
        messages.join('\n'),
      )

      repository.cut('/debian/dists/')
      const third = await refresh()
      assert.deepEqual(third.states, second.states)
      assert.deepEqual(freshnessOf(NEW_ID, third.index), { asOf: second.index.askedAt, isStale: true })
      assert.deepEqual(freshnessOf(OLD_ID, third.index), { asOf: third.index.askedAt, isStale: false })

      repository.cut(null)
      const fourth = await refresh()
      assert.deepEqual([fourth.index.reached, fourth.states], [true, third.states])
      assert.ok(Object.keys(fourth.states).every((id) => freshnessOf(id, fourth.index)?.isStale === false))
    })

    test(`a suite that has never arrived is left out, and comes with the next refresh`, options, async (t) => {
      const { repository, messages, refresh } = await given(t, way)
      repository.cut('/debian/dists/')
      const first = await refresh()
      assert.deepEqual(Object.keys(first.states), [OLD_ID])
      assert.deepEqual([first.index.reached, first.index.missingSuites.includes('sid')], [false, true])
      assert.ok(messages.some((line) => line.startsWith('left out suite sid: ')))
      repository.cut(null)
      assert.equal(Object.keys((await refresh()).states).length, 4)
    })
  })

test('a refresh that fails exits 3 and prints what is known, in JSON with its time', async (t) => {
  if (!(await exists('/usr/share/keyrings/debian-archive-keyring.gpg'))) return t.skip('the keyring of the archive is not here')
  const folder = await temporaryFolder(t)
  const place = { folder, cache: join(folder, 'cache'), state: join(folder, 'state'), out: folder }
  // A port that nothing listens on: the discard service.
  const mirror = 'http://127.0.0.1:9/debian'
  const known = samples['index of Debian'].data
  const { folder: root } = await openAptRoot({ workspace: place, mirror })
  const asked = new Date().toISOString()
  await writeFile(join(root, 'index.json'), JSON.stringify({ ...known, askedAt: asked, refreshedAt: asked, arrivals: {} }))
  const words = ['kernels', 'list', 'debian:*/*', '--mirror', mirror]
  const fresh = await runCli(place, [...words, '--json'])
  assert.equal(fresh.code, 0, fresh.stderr)
  const rows = JSON.parse(fresh.stdout)
  assert.deepEqual([rows[0].asOf, rows[0].isStale], [asked, false])
  const refreshed = await runCli(place, [...words, '--refresh', '--json'])
  assert.equal(refreshed.code, 3, refreshed.stderr)
  assert.deepEqual(JSON.parse(refreshed.stdout), [{ ...rows[0], isStale: true }])
  assert.match(refreshed.stderr, /cannot refresh the index, using the one of /)
  const later = await runCli(place, words)
  assert.equal(later.code, 0)
  assert.match(later.stdout, new RegExp(`could not be reached at \\S+: all of this is as the mirror was at ${asked}\\.`))
})
