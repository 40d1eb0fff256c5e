import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readBanner } from '#harness/kernels/file/image.ts'
import { fetchKernel, fetchModules, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import {
  compileModule,
  fakeBzImage,
  fakeVmlinux,
  flipByte,
  flipped,
  packPayload,
  temporaryFolder,
} from '#test/helpers/kernel-images.ts'

const BANNER = '6.1.0-47-cloud-amd64 (x@example.org) #1 SMP Debian 6.1.170-3 (2026)'
const RELEASE = '6.1.0-47-cloud-amd64'
const ELF = fakeVmlinux(BANNER)

async function given(t: TestContext) {
  const folder = await temporaryFolder(t)
  const context: KernelContext = { workspace: { cache: join(folder, 'cache'), state: folder } }
  const image = join(folder, 'any name')
  await writeFile(image, fakeBzImage(BANNER, await packPayload(ELF, 'zstd')))
  const select = async (selector: string) => {
    const [kernel] = await selectKernels([selector], context)
    assert.ok(kernel)
    return kernel
  }
  return { folder, context, image, select }
}

test('a bzImage is recognised by its content; its version is the upstream one it was built from', async (t) => {
  const { context, image, select } = await given(t)
  const kernel = await select(`file:${image}`)
  assert.match(kernel.id, /^file-6\.1\.170-[0-9a-f]{12}$/)
  assert.deepEqual([kernel.version, kernel.series, kernel.state, kernel.origin], ['6.1.170', '6.1.y', 'cached', image])
  const files = await fetchKernel(kernel, context)
  assert.deepEqual(await readFile(files.vmlinux ?? ''), ELF)
  assert.deepEqual(await readFile(files.bzImage ?? ''), await readFile(image))
  assert.deepEqual([files.config, files.modules], [null, null])
  assert.deepEqual(await select(kernel.id), kernel, 'its id is a selector')
})

test('a vmlinux has no bzImage', async (t) => {
  const { folder, context, select } = await given(t)
  await writeFile(join(folder, 'bzImage'), ELF)
  const files = await fetchKernel(await select(`file:${join(folder, 'bzImage')}`), context)
  assert.equal(files.bzImage, null)
  assert.deepEqual(await readFile(files.vmlinux ?? ''), ELF)
})

test('config and modules are copied and are part of the kernel id', async (t) => {
  const { folder, context, image, select } = await given(t)
  const tree = join(folder, 'modules')
  await mkdir(join(tree, 'kernel', 'fs'), { recursive: true })
  await symlink('/nowhere', join(tree, 'build'))
  await compileModule(join(tree, 'kernel/fs/some-fs.ko'), RELEASE)
  await writeFile(join(folder, 'config'), 'CONFIG_X=y\n')
  const kernel = await select(`file:${image},config=${join(folder, 'config')},modules=${tree}`)
  assert.notEqual(kernel.id, (await select(`file:${image}`)).id)
  const files = await fetchKernel(kernel, context)
  assert.equal(await readFile(files.config ?? '', 'utf8'), 'CONFIG_X=y\n')
  const [module, ...more] = await fetchModules(kernel, ['some_fs'], context)
  assert.deepEqual([module?.name, module?.path, more.length], ['some_fs', join(files.modules ?? '', 'kernel/fs/some-fs.ko'), 0])
  await assert.rejects(fetchModules(kernel, ['other'], context), { name: 'UserError', message: /has no module other/ })
})

test('a corrupt copy is an error that names it; selecting the file again replaces it', async (t) => {
  const { context, image, select } = await given(t)
  const kernel = await select(`file:${image}`)
  const files = await fetchKernel(kernel, context)
  await flipByte(files.bzImage ?? '')
  await assert.rejects(fetchKernel(kernel, context), {
    name: 'UserError',
    message: /bzImage is corrupt/,
    hint: `give its file again: file:${image}`,
  })
  assert.deepEqual(await select(`file:${image}`), kernel)
  assert.deepEqual(await fetchKernel(kernel, context), files)
})

test('a wrong file is a UserError', async (t) => {
  const { folder, context, image } = await given(t)
  await writeFile(join(folder, 'text'), 'no kernel')
  await writeFile(join(folder, 'elf'), fakeVmlinux('').subarray(0, 64))
  for (const [selector, message] of [
    [`file:${join(folder, 'text')}`, /neither an x86 bzImage nor an x86-64 vmlinux/],
    [`file:${join(folder, 'elf')}`, /has no version banner/],
    [`file:${join(folder, 'missing')}`, /cannot read the kernel .*missing/],
    [`file:${folder}`, /is not a file/],
    [`file:${image},config=${folder}`, /the config .* is not a file/],
    [`file:${image},modules=${folder}`, /contains no kernel modules/],
    [`file:${image},initrd=x`, /neither config=PATH nor modules=PATH/],
    ['file-6.1-000000000000', /is not in the cache/],
  ] as const) {
    await assert.rejects(selectKernels([selector], context), { name: 'UserError', message }, selector)
  }
})

test('an image that is known to be damaged or cut is refused, and nothing of it is kept', async (t) => {
  const { folder, context, image } = await given(t)
  const bytes = await readFile(image)
  const elf = fakeVmlinux(BANNER, Buffer.alloc(4096))
  elf.writeBigUInt64LE(BigInt(elf.length), 40)
  elf.writeUInt16LE(64, 58)
  elf.writeUInt16LE(20, 60)
  const write = async (name: string, content: Buffer) => {
    await writeFile(join(folder, name), content)
    return `file:${join(folder, name)}`
  }
  const selectors = [
    await write('cut', bytes.subarray(0, bytes.length - 1)),
    await write('half', bytes.subarray(0, bytes.length >> 1)),
    await write('damaged', fakeBzImage(BANNER, flipped(await packPayload(elf, 'gzip')))),
    await write('cut-elf', elf),
  ]
  for (const selector of selectors) {
    const message = /^the kernel \S+ is damaged: \S/
    await assert.rejects(
      selectKernels([selector], context),
      { name: 'UserError', message, hint: 'build it or copy it again' },
      selector,
    )
  }
  await assert.rejects(selectKernels(['file:/dev/zero'], context), {
    name: 'UserError',
    message: 'the kernel /dev/zero is not a file',
  })
  assert.deepEqual(await readdir(join(context.workspace.cache, 'kernels')), [])
})

test('a banner gives release and version, the Debian version where it has one', () => {
  assert.deepEqual(readBanner(BANNER), { release: '6.1.0-47-cloud-amd64', version: '6.1.170' })
  assert.deepEqual(readBanner('6.17.0-rc3+ (me@here) #2 SMP'), { release: '6.17.0-rc3+', version: '6.17.0-rc3' })
  assert.deepEqual(readBanner('5.10.223 (me@here) #2'), { release: '5.10.223', version: '5.10.223' })
  assert.deepEqual(readBanner(''), { release: '', version: 'unknown' })
})
