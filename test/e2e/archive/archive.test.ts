/** The debian provider against a test archive, by real apt and by curl and gpgv, and a mirror that corrupts and drops files. */
import assert from 'node:assert/strict'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { buildExternalModules } from '#harness/image/external-module.ts'
import { fetchKernel, fetchModules, listKernels, listSeries, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { findSourcePackage } from '#harness/kernels/tree/source/debian.ts'
import type { Kernel } from '#domain/kernel.ts'
import { flipByte } from '#test/helpers/kernel-images.ts'
import { archiveWithCaches, NEEDS_ARCHIVE as options, NEW_ID, OLD_ID } from '#test/helpers/kernels/archive-caches.ts'
import { NEW, NEW_ELF, OLD_ELF, otherKeyring } from '#test/helpers/kernels/debian-archive.ts'

async function prepare(t: TestContext, way: KernelContext['readsArchive']) {
  const found = await archiveWithCaches(t, way)
  const one = async (selector: string) => {
    const [kernel] = await selectKernels([selector], found.context)
    assert.ok(kernel)
    return kernel
  }
  return { ...found, one }
}

/** apt waits seconds for a mirror that is away: others go on meanwhile. */
const concurrency = 3

for (const way of ['apt', 'direct'] as const)
  suite(`kernels of an archive, read by ${way}`, { concurrency }, () => {
    const given = (t: TestContext) => prepare(t, way)

    test(
      'both package layouts list one kernel a build; metapackages, empty and unsigned packages list none',
      options,
      async (t) => {
        const { context, messages, repository } = await given(t)
        const kernels = await listKernels(context, { selector: 'debian:*' })
        assert.deepEqual(
          kernels.map(({ id, state, origin }) => [id, state, origin]),
          [
            [OLD_ID, 'available', 'bookworm bookworm-security sid'],
            ['debian-9.1.3-1-cloud-amd64', 'available', 'bookworm sid'],
            ['debian-9.1.4-1-cloud-amd64', 'available', 'bookworm sid'],
            [NEW_ID, 'available', 'bookworm sid'],
          ],
        )
        assert.ok(
          messages.some((line) => /^left out suite trixie: .*trixie/.test(line)),
          messages.join('\n'),
        )
        repository.takeRequests()
        assert.equal((await listKernels(context, { selector: 'debian:*' })).length, 4)
        assert.deepEqual(repository.takeRequests(), [], 'a second listing sends no request to the mirror')
      },
    )

    test('a fetched kernel has the packaged image, its ELF and its config', options, async (t) => {
      const { context, one, repository } = await given(t)
      for (const [id, elf, config] of [
        [OLD_ID, OLD_ELF, 'CONFIG_OLD=y\n'],
        [NEW_ID, NEW_ELF, 'CONFIG_NEW=y\n'],
      ] as const) {
        const image = await fetchKernel(await one(id), context)
        assert.deepEqual(await readFile(image.vmlinux ?? ''), elf)
        assert.equal(await readFile(image.config ?? '', 'utf8'), config)
        repository.takeRequests()
        assert.deepEqual(await fetchKernel(await one(id), context), image)
        assert.deepEqual(repository.takeRequests(), [], 'the second fetch comes from the cache')
        assert.equal((await one(id)).state, 'cached')
      }
    })

    test('a changed byte in a cached file is found, reported and repaired', options, async (t) => {
      const { context, one, messages } = await given(t)
      const kernel = await one(OLD_ID)
      const image = await fetchKernel(kernel, context)
      for (const path of [image.bzImage, image.vmlinux, image.config]) {
        await flipByte(path ?? '')
        assert.deepEqual(await fetchKernel(kernel, context), image)
        assert.ok(
          messages.includes(`the cached ${path} is corrupt (its content is not what was recorded); making it again`),
          messages.join('\n'),
        )
      }
      assert.deepEqual(await readFile(image.vmlinux ?? ''), OLD_ELF)
    })

    test('a changed byte in a cached .deb is found and reported, and the package is fetched again', options, async (t) => {
      const { context, cache, one, messages, repository } = await given(t)
      const kernel = await one(OLD_ID)
      await fetchKernel(kernel, context)
      const [deb, ...more] = await readdir(join(cache, 'debs'))
      assert.deepEqual(more, [])
      await flipByte(join(cache, 'debs', deb ?? ''))
      await rm(join(cache, 'kernels'), { recursive: true })
      repository.takeRequests()
      const image = await fetchKernel(kernel, context)
      assert.ok(
        messages.some((line) => line.includes(`${deb} is corrupt`)),
        messages.join('\n'),
      )
      assert.equal(repository.takeRequests().filter((path) => path.endsWith('.deb')).length, 1)
      assert.deepEqual(await readFile(image.vmlinux ?? ''), OLD_ELF)
    })

    test('a package with a changed byte is refused, and no file of it stays', options, async (t) => {
      const { context, cache, one, repository } = await given(t)
      const kernel = await one(OLD_ID)
      repository.corrupt('.deb')
      await assert.rejects(fetchKernel(kernel, context), {
        name: 'InfraError',
        message: /linux-image-5\.90\.0-3-cloud-amd64_5\.90\.7-1_amd64\.deb .*hash sum mismatch\): refused/,
        hint: /mirror/,
      })
      assert.deepEqual(await readdir(join(cache, 'debs')), [])
      repository.corrupt(null)
      assert.deepEqual(await readFile((await fetchKernel(kernel, context)).vmlinux ?? ''), OLD_ELF)
    })

    test('a changed index is refused', options, async (t) => {
      const { context, messages, repository } = await given(t)
      repository.corrupt('bookworm/main/binary-amd64/Packages')
      const kernels = await listKernels(context, { selector: 'debian:*' })
      assert.deepEqual(
        kernels.map(({ origin }) => origin),
        ['bookworm-security sid', 'sid', 'sid', 'sid'],
      )
      assert.ok(
        messages.some((line) => line.startsWith('left out suite bookworm: ')),
        messages.join('\n'),
      )
    })

    test('an archive signed with an unknown key is refused', options, async (t) => {
      const { context, repository } = await given(t)
      const keyring = await otherKeyring(t)
      await assert.rejects(selectKernels(['debian:*'], { ...context, keyring }), {
        name: 'InfraError',
        message: /http:\/\/127\.0\.0\.1:\d+\S* gave no index of any Debian suite: .*(?:not signed|NO_PUBKEY|signatures?)\b/s,
      })
      await assert.rejects(selectKernels(['debian:*'], { ...context, keyring: `${repository.keyring}.missing` }), {
        name: 'InfraError',
        message: /the keyring .*\.missing is missing/,
      })
    })

    test('a build whose package the pool has dropped is never picked, and an error when it is named', options, async (t) => {
      const { context, one, repository, messages } = await given(t)
      await repository.remove('linux-binary-9.1.5+t-cloud-amd64_9.1.5-2~bpo1_amd64.deb')
      const rows = await listKernels(context, { selector: 'debian:9.1.y' })
      assert.deepEqual(
        rows.map(({ state }) => state),
        ['available', 'available', 'not-on-mirror'],
      )
      assert.equal((await selectKernels(['debian:9.1.*'], context)).length, 2)
      assert.equal((await one('debian:9.1.y:newest')).id, 'debian-9.1.4-1-cloud-amd64')
      for (const name of ['debian:9.1.5', NEW_ID]) {
        await assert.rejects(selectKernels([name], context), {
          name: 'UserError',
          message: /only kernels that are not on the mirror: it lists debian-9\.1\.5/,
          hint: /the next build that is there is debian-9\.1\.4-1-cloud-amd64;/,
        })
      }
      const dropped = rows[2]
      assert.ok(dropped)
      await assert.rejects(fetchKernel(dropped, context), {
        name: 'UserError',
        message: /the pool does not have its package any more/,
        hint: /the next build that is there is debian-9\.1\.4-1-cloud-amd64;/,
      })
      const first = await one('debian:9.1.3')
      assert.deepEqual(await listSeries([first, first], context), rows, 'the whole series, with dropped builds, each kernel once')
      assert.equal(messages.filter((line) => line.startsWith('asking the pool')).length, 1, 'the answers are cached')
    })

    test('a build that one of two URIs still has is available', options, async (t) => {
      const { context, one, repository } = await given(t)
      await repository.remove('debian/pool/main/l/linux/linux-image-5.90.0-3-cloud-amd64_5.90.7-1_amd64.deb')
      const kernel = await one(OLD_ID)
      assert.equal(kernel.state, 'available')
      assert.deepEqual(await readFile((await fetchKernel(kernel, context)).vmlinux ?? ''), OLD_ELF)
    })

    test('without a network the cached index and kernels still work, and a fetch fails with a reason', options, async (t) => {
      const { context, one, repository, messages } = await given(t)
      const image = await fetchKernel(await one(OLD_ID), context)
      await repository.close()
      const later = { ...context, freshAfter: Date.now() }
      assert.deepEqual(await fetchKernel(await one(OLD_ID), later), image)
      const rows = await listKernels(later, { selector: 'debian:*' })
      assert.deepEqual(
        rows.map(({ state }) => state),
        ['cached', 'available', 'available', 'available'],
        'a network error does not change the state of a kernel',
      )
      assert.ok(
        messages.some((line) => line.startsWith('cannot refresh the index, using the one of')),
        messages.join('\n'),
      )
      await assert.rejects(fetchKernel(rows[3] ?? image.kernel, later), {
        name: 'InfraError',
        message: /cannot fetch the package/,
      })
    })

    test('two concurrent fetches of one kernel download it once', options, async (t) => {
      const { context, repository } = await given(t)
      const images = await Promise.all(
        [1, 2, 3].map(async () => {
          const [kernel] = await selectKernels([OLD_ID], context)
          assert.ok(kernel)
          return fetchKernel(kernel, context)
        }),
      )
      assert.deepEqual(images[1], images[0])
      assert.deepEqual(images[2], images[0])
      const requests = repository.takeRequests()
      assert.equal(requests.filter((path) => path === '/debian/dists/bookworm/InRelease').length, 1)
      assert.deepEqual(await readFile(images[0]?.vmlinux ?? ''), OLD_ELF)
    })

    test('modules come in load order after their dependencies; built-in modules need no file', options, async (t) => {
      const { context, one } = await given(t)
      for (const id of [OLD_ID, NEW_ID]) {
        const modules = await fetchModules(await one(id), ['user'], context)
        assert.deepEqual(
          modules.map(({ name }) => name),
          ['provider', 'user'],
        )
        for (const { path } of modules) assert.equal((await readFile(path)).toString('latin1', 1, 4), 'ELF')
        await assert.rejects(fetchModules(await one(id), ['nosuch'], context), {
          name: 'UserError',
          message: /has no module nosuch/,
        })
      }
      assert.deepEqual(await fetchModules(await one(NEW_ID), ['fuse'], context), [])
    })

    test(
      'headers that are not listed, dropped or unreachable are reported as the reason for a missing module',
      options,
      async (t) => {
        const { context, cache, one, repository } = await given(t)
        const needs = { cpus: 1, memoryMiB: 512, modules: [], externalModules: [{ name: 'probe', until: null }], cmdline: [] }
        await writeFile(join(cache, 'probe.c'), '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n')
        const [old, later] = [await one(OLD_ID), await one(NEW_ID)]
        const reason = async (kernel: Kernel) => {
          const [built] = await buildExternalModules({ folder: cache, needs }, kernel, context)
          return built && 'missing' in built ? built.missing : built?.path
        }
        assert.equal(await reason(later), `Debian does not list linux-headers-${NEW.release} ${NEW.build}`)
        await repository.remove('/linux-headers-5.90.0-3-common_5.90.7-1_amd64.deb')
        const dropped = 'linux-headers-5.90.0-3-common 5.90.7-1 is listed, but the pool does not have its package any more'
        assert.equal(await reason(old), dropped)
        await repository.close()
        assert.match((await reason(old)) ?? '', /^cannot fetch the package of linux-headers-5\.90\.0-3-common 5\.90\.7-1: /)
      },
    )

    test('a package without a kernel, and a file that is not a package, are errors that name it', options, async (t) => {
      const { context, cache, one } = await given(t)
      await assert.rejects(fetchKernel(await one('debian:9.1.4'), context), {
        name: 'InfraError',
        message: /vmlinuz of debian-9\.1\.4-1.* is not a bzImage/,
      })
      await assert.rejects(fetchKernel(await one('debian:9.1.3'), context), {
        name: 'InfraError',
        message: /cannot unpack .*\.deb: /,
      })
      assert.deepEqual(await readdir(join(cache, 'kernels')), [], 'no unfinished entry stays')
    })

    test('a package is found by its name, the newest or a build; else it is said that there is none', options, async (t) => {
      const { context } = await given(t)
      const newest = await findSourcePackage('linux-kbuild-5.90', null, context)
      assert.deepEqual([newest.build, newest.version], ['5.90.9-1', '5.90.9'])
      assert.match(newest.file.uris[0] ?? '', /\/debian\/pool\/main\/l\/linux\/linux-kbuild-5\.90_5\.90\.9-1_amd64\.deb$/)
      assert.deepEqual((await findSourcePackage('linux-kbuild-5.90', '5.90.9-1', context)).file.sha256, newest.file.sha256)
      await assert.rejects(
        findSourcePackage('linux-kbuild-5.90', '5.90.8-1', context),
        /Debian does not have linux-kbuild-5\.90=5\.90\.8-1: /,
      )
      await assert.rejects(findSourcePackage('linux-nosuch', null, context), /Debian does not have linux-nosuch: /)
    })

    test('a cache that is not writable is an InfraError', options, async (t) => {
      const { context, cache } = await given(t)
      await writeFile(join(cache, 'file'), '')
      const workspace = { cache: join(cache, 'file', 'below'), state: cache }
      await assert.rejects(selectKernels(['debian:*'], { ...context, workspace }), {
        name: 'InfraError',
        message: /cannot write the cache/,
      })
    })
  })
