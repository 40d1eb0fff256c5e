/** Changelogs of Debian kernels from a test archive: stored with a kernel, fetched later, or not available. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { cachedChangelogs, storeChangelog, pruneChangelogs } from '#harness/kernels/debian/changelog-cache.ts'
import { fetchKernel, findChangelogs, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import type { Kernel } from '#domain/kernel.ts'
import { kernel } from '#test/helpers/reports.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'
import { archiveWithCaches, NEEDS_ARCHIVE as options, NEW_ID, OLD_ID } from '#test/helpers/kernels/archive-caches.ts'
import { NEW, OLD, OLDER_BUILD } from '#test/helpers/kernels/debian-archive.ts'

async function given(t: TestContext) {
  const { repository, cache, context } = await archiveWithCaches(t)
  const [old, recent] = await selectKernels([OLD_ID, NEW_ID], context)
  assert.ok(old && recent)
  repository.takeRequests()
  return { repository, cache, context, old, recent }
}

/** The changelog of one kernel, and its text. */
async function find(one: Kernel, context: KernelContext) {
  const found = (await findChangelogs([one], context)).get(one.id)
  assert.ok(found)
  return 'unavailable' in found ? found : { ...found, text: gunzipSync(await readFile(found.path)).toString('utf8') }
}

/** apt waits seconds for a mirror that is away: others go on meanwhile. */
suite('changelogs of an archive', { concurrency: 3 }, () => {
  test('fetching a kernel stores the changelog of its package, in either layout', options, async (t) => {
    const { context, old, recent, repository } = await given(t)
    for (const [one, build] of [
      [old, OLD.build],
      [recent, NEW.build],
    ] as const) {
      await fetchKernel(one, context)
      repository.takeRequests()
      const found = await find(one, context)
      assert.ok(!('unavailable' in found))
      assert.deepEqual([found.build, found.instead], [build, null])
      assert.match(found.text, new RegExp(`^linux \\(${build}\\)[^]*brought by ${build}`))
      assert.equal(found.sha256, createHash('sha256').update(found.text).digest('hex'))
      assert.deepEqual(repository.takeRequests(), [])
    }
  })

  test(
    'for a kernel cached without a changelog, its package is opened again, or fetched again when it is missing',
    options,
    async (t) => {
      const { context, cache, old, repository } = await given(t)
      await fetchKernel(old, context)
      await rm(join(cache, 'changelogs'), { recursive: true })
      repository.takeRequests()
      assert.ok('text' in (await find(old, context)))
      assert.deepEqual(repository.takeRequests(), [])
      await rm(join(cache, 'changelogs'), { recursive: true })
      await rm(join(cache, 'debs'), { recursive: true })
      assert.ok('text' in (await find(old, context)))
      assert.equal(repository.takeRequests().filter((path) => path.endsWith('.deb')).length, 1)
      assert.deepEqual(await readdir(join(cache, 'scratch')), [])
    },
  )

  test('a changelog that covers more builds serves them all, and those it contains are removed', options, async (t) => {
    const { context, cache, old, repository } = await given(t)
    await fetchKernel(old, context)
    const older = { ...kernel('5.90.6', OLDER_BUILD), provider: 'debian' } as const
    await storeChangelog(gzipSync(`linux (${OLDER_BUILD}) sid\n\n  * alone\n`), context.workspace)
    assert.equal((await cachedChangelogs(context.workspace)).length, 2)
    repository.takeRequests()
    const found = await findChangelogs([older, old], context)
    assert.deepEqual(
      [...found.values()].map((one) => 'build' in one && one.build),
      [OLD.build, OLD.build],
    )
    assert.deepEqual((await readdir(join(cache, 'changelogs'))).length, 1)
    assert.deepEqual(repository.takeRequests(), [])
  })

  test('an unavailable changelog is a reason, not an error: offline, dropped, not listed', options, async (t) => {
    const { context, cache, old, recent, repository } = await given(t)
    await fetchKernel(old, context)
    const unlisted = { ...kernel('9.1.4', '9.1.4-1'), provider: 'debian' } as const
    const [missing] = [...(await findChangelogs([unlisted], context)).values()]
    assert.deepEqual(missing, {
      unavailable: 'no index lists linux-base-9.1.4+t-cloud-amd64, the package that contains the changelog',
    })
    const unknown = { ...kernel('9.1.9', '9.1.9-1'), provider: 'debian' } as const
    assert.match(
      JSON.stringify([...(await findChangelogs([unknown], context)).values()]),
      /the mirror does not list debian-9\.1\.9-1/,
    )
    await repository.remove(`linux-base-${NEW.release}_${NEW.build}_amd64.deb`)
    assert.match(JSON.stringify(await find(recent, context)), /"unavailable":".*does not have its package any more/)
    await repository.close()
    await rm(join(cache, 'changelogs'), { recursive: true })
    await rm(join(cache, 'debs'), { recursive: true })
    assert.match(JSON.stringify(await find(old, context)), /"unavailable":"cannot fetch the package/)
  })

  test('without its own changelog a kernel gets the one that lists most of its series, with the reason', options, async (t) => {
    const { context } = await given(t)
    const listed = (release: string) => `    https://x/ChangeLog-${release}\n    - mm: a change`
    const list = (build: string, ...releases: string[]) =>
      [`linux (${build}) sid\n\n  * New upstream stable update:`, ...releases.map(listed)].join('\n')
    await storeChangelog(gzipSync(list('9.2.1-1', '9.2.1', '9.1.1', '9.1.2', '9.1.7')), context.workspace)
    await storeChangelog(gzipSync(list('9.3.1-1', '9.3.1', '9.1.1')), context.workspace)
    const unlisted = { ...kernel('9.1.4', '9.1.4-1'), provider: 'debian' } as const
    const [found] = [...(await findChangelogs([unlisted], context)).values()]
    assert.ok(found && 'build' in found)
    assert.equal(found.build, '9.2.1-1')
    assert.match(found.instead ?? '', /^no index lists linux-base-9\.1\.4/)
  })

  test('a file that is not a changelog is not stored, and an unfinished entry is not listed', async (t) => {
    const cache = await temporaryFolder(t)
    const workspace = { cache, state: cache }
    assert.equal(await storeChangelog(gzipSync('words\n'), workspace), null)
    assert.deepEqual(await cachedChangelogs(workspace), [])
    await pruneChangelogs(workspace)
  })
})
