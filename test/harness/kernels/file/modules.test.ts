/** Modules that come with a kernel file: those of its own release, and no others. */
import assert from 'node:assert/strict'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fetchModules, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { compileModule, fakeBzImage, fakeVmlinux, packPayload, temporaryFolder } from '#test/helpers/kernel-images.ts'

const OWN = '6.1.0-47-cloud-amd64'
const OTHER = '6.1.0-48-cloud-amd64'

const workspaceOf = (folder: string) => ({ cache: join(folder, 'cache'), state: folder })

/** An image of our release; another name makes another kernel of it. */
async function imageOf(folder: string, name: string): Promise<string> {
  const banner = `${OWN} (${name}@example.org) #1 SMP Debian 6.1.170-3 (2026)`
  await writeFile(join(folder, name), fakeBzImage(banner, await packPayload(fakeVmlinux(banner), 'zstd')))
  return join(folder, name)
}

async function given(t: TestContext) {
  const folder = await temporaryFolder(t)
  const context: KernelContext = { workspace: workspaceOf(folder) }
  const image = await imageOf(folder, 'bzImage')
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

test('modules that are links, or lie behind one, are modules like all others', async (t) => {
  const { folder, context, module, select } = await given(t)
  await module('store/own/ours.ko.xz', OWN)
  await module('store/other/ours.ko.xz', OTHER)
  const plain = await module('plain/kernel/ours.ko.xz', OWN).then(() => select('plain'))
  /** A tree of this release's name, whose modules are the links that `make` gets its `kernel` folder for. */
  const linked = async (name: string, make: (kernel: string) => Promise<void>) => {
    await mkdir(join(folder, name, OWN), { recursive: true })
    await make(join(folder, name, OWN, 'kernel'))
  }
  const linkIn = (to: string) => async (kernel: string) => {
    await mkdir(kernel)
    await symlink(to, join(kernel, 'ours.ko.xz'))
    await symlink('..', join(kernel, 'round'))
    await symlink('/nowhere/lost.ko', join(kernel, 'lost.ko'))
  }
  await linked('each', linkIn('../../../store/own/ours.ko.xz'))
  await linked('whole', (kernel) => symlink('../../store/own', kernel))
  await linked('each-other', linkIn('../../../store/other/ours.ko.xz'))
  await linked('whole-other', (kernel) => symlink('../../store/other', kernel))
  for (const modules of ['each-other', 'whole-other']) {
    await assert.rejects(select(modules), { name: 'UserError', message: new RegExp(`are of ${OTHER}$`) }, modules)
  }
  for (const modules of ['each', 'whole']) assert.deepEqual(await select(modules), plain, modules)
  const [kernel] = await select('each', await imageOf(folder, 'another'))
  assert.ok(kernel)
  await rm(join(folder, 'store'), { recursive: true })
  assert.equal((await fetchModules(kernel, ['ours'], context)).length, 1, 'the cache keeps the module, not the link')
})

test('the same modules are the same kernel, however their folder is written', async (t) => {
  const { folder, module, select } = await given(t)
  await module('m/kernel/fs/ours.ko', OWN)
  await symlink('m', join(folder, 'link'))
  const plain = await select('m')
  for (const modules of ['m/', './m', 'm/../m/', 'link', 'link/']) {
    const [first] = await selectKernels([`file:${folder}/bzImage,modules=${folder}/${modules}`], {
      workspace: workspaceOf(folder),
    })
    assert.deepEqual([first], plain, modules)
  }
})

test('modules of the image are found in any of the places below a folder', async (t) => {
  const { module, select } = await given(t)
  await module(`root/lib/modules/${OTHER}/kernel/theirs.ko`, OTHER)
  await module(`root/usr/lib/modules/${OWN}/kernel/ours.ko`, OWN)
  assert.equal((await select('root')).length, 1)
  await module(`mixed/lib/modules/${OTHER}/kernel/theirs.ko`, OTHER)
  await module(`mixed/${OWN}/kernel/ours.ko`, OWN)
  assert.equal((await select('mixed')).length, 1)
})

test('a damaged module, and a folder that is not there, are named', async (t) => {
  for (const [name, bytes] of [
    ['a.ko', 'not a module'],
    ['a.ko', ''],
    ['a.ko.xz', 'not xz'],
    ['a.ko.zst', 'not zstd'],
    ['a b.ko.gz', 'not gzip'],
  ] as const) {
    const { folder, module, select } = await given(t)
    await module('m/kernel/ours.ko.xz', OWN)
    await writeFile(join(folder, 'm', 'kernel', name), bytes)
    const message = `the module ${join(folder, 'm', 'kernel', name)} is damaged: no kernel can load it`
    await assert.rejects(select('m'), { name: 'UserError', message }, name)
    await assert.rejects(select('nowhere'), { name: 'UserError', message: `${join(folder, 'nowhere')} is not a folder` })
  }
})
