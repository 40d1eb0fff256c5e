/** Modules that come with a kernel file: those of its own release, and no others. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fetchModules, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { compileModule, fakeBzImage, fakeVmlinux, packPayload, temporaryFolder } from '#test/helpers/kernel-images.ts'

const OWN = '6.1.0-47-cloud-amd64'
const OTHER = '6.1.0-48-cloud-amd64'

async function given(t: TestContext) {
  const folder = await temporaryFolder(t)
  const context: KernelContext = { workspace: { cache: join(folder, 'cache'), state: folder } }
  const image = join(folder, 'bzImage')
  const banner = `${OWN} (x@example.org) #1 SMP Debian 6.1.170-3 (2026)`
  await writeFile(image, fakeBzImage(banner, await packPayload(fakeVmlinux(banner), 'zstd')))
  const module = async (path: string, release: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await compileModule(join(folder, path), release)
  }
  const select = (modules: string, kernel = image) => selectKernels([`file:${kernel},modules=${join(folder, modules)}`], context)
  return { folder, context, image, module, select }
}

test('modules of another release are refused, and both releases are named', async (t) => {
  const { folder, image, module, select } = await given(t)
  await module(`lib/modules/${OTHER}/kernel/a.ko`, OTHER)
  // Their name is that of the image, but not their content.
  await module(`renamed/${OWN}/kernel/a.ko.xz`, OTHER)
  await module(`renamed/${OWN}/kernel/b.ko.xz`, OTHER)
  await mkdir(join(folder, `empty/${OTHER}/kernel`), { recursive: true })
  for (const modules of ['.', 'lib/modules', `lib/modules/${OTHER}`, 'renamed', `renamed/${OWN}`, 'empty', `empty/${OTHER}`]) {
    await assert.rejects(
      select(modules),
      {
        name: 'UserError',
        message: `${image} is a kernel of release ${OWN}, and the modules in ${join(folder, modules)} are of ${OTHER}`,
        hint: `give the modules that were built with it: modules=/lib/modules/${OWN}`,
      },
      modules,
    )
  }
})

test("of several releases in one folder the image's own is taken, whatever its folder is called", async (t) => {
  const { context, module, select } = await given(t)
  await module(`lib/modules/${OTHER}/kernel/theirs.ko`, OTHER)
  await module(`lib/modules/${OWN}/kernel/ours.ko`, OWN)
  await module(`lib/modules/6.1.0/kernel/theirs.ko`, '6.1.0')
  await module('any name/kernel/ours.ko.zst', OWN)
  await module('packed/usr/lib/modules/one/kernel/theirs.ko.xz', `${OWN}-dirty`)
  await module('packed/usr/lib/modules/two/kernel/ours.ko.xz', OWN)
  for (const modules of ['.', 'lib/modules', `lib/modules/${OWN}`, 'any name', 'packed']) {
    const [kernel] = await select(modules)
    assert.ok(kernel, modules)
    assert.deepEqual(
      (await fetchModules(kernel, ['ours'], context)).map(({ name }) => name),
      ['ours'],
    )
    await assert.rejects(fetchModules(kernel, ['theirs'], context), { message: /has no module theirs/ }, modules)
  }
})

test('one module of another release among those of the image is refused', async (t) => {
  for (const ending of ['', '.gz', '.xz', '.zst']) {
    const { folder, module, select } = await given(t)
    await module(`m/kernel/a.ko`, OWN)
    await module(`m/updates/b.ko${ending}`, OTHER)
    const message = `some modules in ${join(folder, 'm')} are of ${OTHER}`
    await assert.rejects(select('m'), (error: Error) => error.name === 'UserError' && error.message.endsWith(message), ending)
  }
})

test('an image that does not name its release takes no modules, and a vmlinux names it in its banner', async (t) => {
  const { folder, context, module, select } = await given(t)
  await module('m/kernel/ours.ko', OWN)
  const silent = join(folder, 'silent')
  await writeFile(silent, fakeBzImage('', await packPayload(fakeVmlinux(OWN), 'zstd')))
  await assert.rejects(select('m', silent), { name: 'UserError', message: /silent does not name its release/ })
  const vmlinux = join(folder, 'vmlinux')
  await writeFile(vmlinux, fakeVmlinux(`${OWN} (x@example.org) #1`))
  const [kernel] = await select('m', vmlinux)
  assert.ok(kernel)
  assert.equal((await fetchModules(kernel, ['ours'], context)).length, 1)
})
