/** The debian provider against an archive of our own: real apt, real signatures, a mirror that can be made to lie. */
import assert from 'node:assert/strict'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buildExternalModules } from '#harness/image/external-module.ts'
import { fetchKernel, fetchModules, listKernels, listSeries, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { runCommand } from '#harness/support/process.ts'
import type { Kernel } from '#domain/kernel.ts'
import { flipByte, temporaryFolder } from '#test/helpers/kernel-images.ts'
import { NEW, NEW_ELF, OLD, OLD_ELF, otherKeyring, serveRepository } from '#test/helpers/kernels/debian-archive.ts'

const OLD_ID = `debian-${OLD.build}-cloud-amd64`
const NEW_ID = `debian-${NEW.build}-cloud-amd64`
const gpg = await runCommand('gpg', ['--version'], { anyExit: true }).catch(() => null)
const options = gpg ? {} : { skip: 'gpg (package gnupg) is not here, so no archive can be signed' }

/** An archive of its own and empty caches for each test. */
async function given(t: TestContext) {
  const repository = await serveRepository(t)
  const cache = await temporaryFolder(t)
  const said: string[] = []
  const context: KernelContext = {
    workspace: { cache, state: join(cache, 'state') },
    mirror: repository.mirror,
    keyring: repository.keyring,
    progress: ({ message }) => said.push(message),
  }
  const one = async (selector: string) => {
    const [kernel] = await selectKernels([selector], context)
    assert.ok(kernel)
    return kernel
  }
  return { repository, cache, said, context, one }
}

test('both package layouts give one kernel a build; metapackages, empty and unsigned ones give none', options, async (t) => {
  const { context, said, repository } = await given(t)
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
    said.some((line) => /^suite trixie left out: .*trixie/.test(line)),
    said.join('\n'),
  )
  repository.takeRequests()
  assert.equal((await listKernels(context, { selector: 'debian:*' })).length, 4)
  assert.deepEqual(repository.takeRequests(), [], 'a second listing asks the mirror nothing')
})

test('a fetched kernel is what was packed: image, the ELF in it, config', options, async (t) => {
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
    assert.deepEqual(repository.takeRequests(), [], 'the second time it comes from the cache')
    assert.equal((await one(id)).state, 'cached')
  }
})

test('one byte changed in a cached file is noticed, said, and put right', options, async (t) => {
  const { context, one, said } = await given(t)
  const kernel = await one(OLD_ID)
  const image = await fetchKernel(kernel, context)
  for (const path of [image.bzImage, image.vmlinux, image.config]) {
    await flipByte(path ?? '')
    assert.deepEqual(await fetchKernel(kernel, context), image)
    assert.ok(
      said.includes(`the cached ${path} is corrupt (its content is not what was recorded); making it again`),
      said.join('\n'),
    )
  }
  assert.deepEqual(await readFile(image.vmlinux ?? ''), OLD_ELF)
})

test('one byte changed in a cached .deb is noticed, said, and the package fetched again', options, async (t) => {
  const { context, cache, one, said, repository } = await given(t)
  const kernel = await one(OLD_ID)
  await fetchKernel(kernel, context)
  const [deb, ...more] = await readdir(join(cache, 'debs'))
  assert.deepEqual(more, [])
  await flipByte(join(cache, 'debs', deb ?? ''))
  await rm(join(cache, 'kernels'), { recursive: true })
  repository.takeRequests()
  const image = await fetchKernel(kernel, context)
  assert.ok(
    said.some((line) => line.includes(`${deb} is corrupt`)),
    said.join('\n'),
  )
  assert.equal(repository.takeRequests().filter((path) => path.endsWith('.deb')).length, 1)
  assert.deepEqual(await readFile(image.vmlinux ?? ''), OLD_ELF)
})

test('one byte changed on the way is refused by apt, and nothing of it stays', options, async (t) => {
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

test('an index changed on the way is not believed', options, async (t) => {
  const { context, said, repository } = await given(t)
  repository.corrupt('bookworm/main/binary-amd64/Packages')
  const kernels = await listKernels(context, { selector: 'debian:*' })
  assert.deepEqual(
    kernels.map(({ origin }) => origin),
    ['bookworm-security sid', 'sid', 'sid', 'sid'],
  )
  assert.ok(
    said.some((line) => line.startsWith('suite bookworm left out: ')),
    said.join('\n'),
  )
})

test('an archive that the keyring does not know is refused whole', options, async (t) => {
  const { context, repository } = await given(t)
  const keyring = await otherKeyring(t)
  await assert.rejects(selectKernels(['debian:*'], { ...context, keyring }), {
    name: 'InfraError',
    message: /no Debian suite could be read from http:\/\/127\.0\.0\.1:.*(?:not signed|NO_PUBKEY|signatures)/s,
  })
  await assert.rejects(selectKernels(['debian:*'], { ...context, keyring: `${repository.keyring}.missing` }), {
    name: 'InfraError',
    message: /no keyring .*\.missing/,
  })
})

test('a build whose package the pool has dropped is gone: never picked, and refused by name', options, async (t) => {
  const { context, one, repository, said } = await given(t)
  await repository.remove('linux-binary-9.1.5+t-cloud-amd64_9.1.5-2~bpo1_amd64.deb')
  const rows = await listKernels(context, { selector: 'debian:9.1.y' })
  assert.deepEqual(
    rows.map(({ state }) => state),
    ['available', 'available', 'gone'],
  )
  assert.equal((await selectKernels(['debian:9.1.*'], context)).length, 2)
  assert.equal((await one('debian:9.1.y:newest')).id, 'debian-9.1.4-1-cloud-amd64')
  for (const name of ['debian:9.1.5', NEW_ID]) {
    await assert.rejects(selectKernels([name], context), {
      name: 'UserError',
      message: /only kernels that are not on the mirror: it lists debian-9\.1\.5/,
    })
  }
  const gone = rows[2]
  assert.ok(gone)
  await assert.rejects(fetchKernel(gone, context), { name: 'UserError', message: /it is gone/ })
  const first = await one('debian:9.1.3')
  assert.deepEqual(await listSeries([first, first], context), rows, 'the whole series of a kernel, with what is gone, once')
  assert.equal(said.filter((line) => line.startsWith('asking the pool')).length, 1, 'the answers are kept')
})

test('a mirror that has a build in one of two places still has it', options, async (t) => {
  const { context, one, repository } = await given(t)
  await repository.remove('debian/pool/main/l/linux/linux-image-5.90.0-3-cloud-amd64_5.90.7-1_amd64.deb')
  const kernel = await one(OLD_ID)
  assert.equal(kernel.state, 'available')
  assert.deepEqual(await readFile((await fetchKernel(kernel, context)).vmlinux ?? ''), OLD_ELF)
})

test('with the network away, what was learnt and fetched still serves, and the rest fails clearly', options, async (t) => {
  const { context, one, repository, said } = await given(t)
  const image = await fetchKernel(await one(OLD_ID), context)
  await repository.close()
  const later = { ...context, freshAfter: Date.now() }
  assert.deepEqual(await fetchKernel(await one(OLD_ID), later), image)
  const rows = await listKernels(later, { selector: 'debian:*' })
  assert.deepEqual(
    rows.map(({ state }) => state),
    ['cached', 'available', 'available', 'available'],
    'a network error makes nothing gone',
  )
  assert.ok(
    said.some((line) => line.startsWith('could not refresh, using the index of')),
    said.join('\n'),
  )
  await assert.rejects(fetchKernel(rows[3] ?? image.kernel, later), { name: 'InfraError', message: /cannot fetch the package/ })
})

test('two who want the same kernel at once fetch it once', options, async (t) => {
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

test('modules come in load order with what they need; built in ones need no file', options, async (t) => {
  const { context, one } = await given(t)
  for (const id of [OLD_ID, NEW_ID]) {
    const modules = await fetchModules(await one(id), ['user'], context)
    assert.deepEqual(
      modules.map(({ name }) => name),
      ['provider', 'user'],
    )
    for (const { path } of modules) assert.equal((await readFile(path)).toString('latin1', 1, 4), 'ELF')
    await assert.rejects(fetchModules(await one(id), ['nosuch'], context), { name: 'UserError', message: /has no module nosuch/ })
  }
  assert.deepEqual(await fetchModules(await one(NEW_ID), ['fuse'], context), [])
})

test('headers that are not listed, dropped, or out of reach are the reason that a module is missing', options, async (t) => {
  const { context, cache, one, repository } = await given(t)
  const needs = { cpus: 1, memoryMiB: 512, modules: [], externalModules: [{ name: 'probe', until: null }], cmdline: [] }
  await writeFile(join(cache, 'probe.c'), '#include <linux/module.h>\nMODULE_LICENSE("GPL");\n')
  const [old, later] = [await one(OLD_ID), await one(NEW_ID)]
  const reason = async (kernel: Kernel) => {
    const [built] = await buildExternalModules({ folder: cache, needs }, kernel, context)
    return built && 'missing' in built ? built.missing : built?.path
  }
  assert.equal(await reason(later), `Debian lists no linux-headers-${NEW.release} ${NEW.build}`)
  await repository.remove('/linux-headers-5.90.0-3-common_5.90.7-1_amd64.deb')
  const dropped = 'linux-headers-5.90.0-3-common 5.90.7-1 is listed, but the pool no longer has its package: it is gone'
  assert.equal(await reason(old), dropped)
  await repository.close()
  assert.match((await reason(old)) ?? '', /^cannot fetch the package of linux-headers-5\.90\.0-3-common 5\.90\.7-1: /)
})

test('a package that holds no kernel, and one that is no package, are refused clearly', options, async (t) => {
  const { context, cache, one } = await given(t)
  await assert.rejects(fetchKernel(await one('debian:9.1.4'), context), {
    name: 'InfraError',
    message: /vmlinuz of debian-9\.1\.4-1.* is no bzImage/,
  })
  await assert.rejects(fetchKernel(await one('debian:9.1.3'), context), {
    name: 'InfraError',
    message: /cannot unpack .*\.deb: /,
  })
  assert.deepEqual(await readdir(join(cache, 'kernels')), [], 'no half-made entry stays')
})

test('a cache that cannot be written is the fault of the machine', options, async (t) => {
  const { context, cache } = await given(t)
  await writeFile(join(cache, 'file'), '')
  const workspace = { cache: join(cache, 'file', 'below'), state: cache }
  await assert.rejects(selectKernels(['debian:*'], { ...context, workspace }), {
    name: 'InfraError',
    message: /cannot write the cache/,
  })
})
