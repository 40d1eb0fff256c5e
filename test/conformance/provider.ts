/** What every provider of kernels must hold to, wherever its kernels come from. */
import assert from 'node:assert/strict'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { buildExternalModules } from '#harness/image/external-module.ts'
import {
  fetchKernel,
  fetchModules,
  listKernels,
  listSeries,
  providerOf,
  selectKernels,
  type KernelContext,
} from '#harness/kernels/index.ts'
import { isX86Elf } from '#harness/kernels/provider/vmlinux.ts'
import { parseVersion, seriesOf } from '#domain/version.ts'
import { flipByte, temporaryFolder } from '../helpers/kernel-images.ts'

interface GivenProvider {
  readonly context: KernelContext
  /** A selector that means exactly one available kernel. */
  readonly selector: string
  /** The banner that kernel's ELF holds. */
  readonly banner: RegExp
  /** Why no module can be compiled for that kernel, null where one can. */
  readonly noHeaders: RegExp | null
}

export interface ProviderUnderTest {
  readonly name: string
  /** False, or why it cannot be tried here. */
  readonly skip: false | string
  /** A context with empty caches and a kernel to ask for. */
  readonly given: (t: TestContext) => Promise<GivenProvider>
}

/** Register the tests of the contract for one provider. All but the first share one context: fetching may be dear. */
export function providerConformance({ name, skip, given }: ProviderUnderTest): void {
  test(`a provider of kernels: ${name}`, skip ? { skip } : {}, async (t) => {
    const { context, selector, banner, noHeaders } = await given(t)
    const [kernel, ...more] = await selectKernels([selector], context)
    assert.ok(kernel)

    await t.test('a kernel has an id that is safe as a path and names it again', async () => {
      assert.deepEqual(more, [])
      assert.match(kernel.id, new RegExp(`^${kernel.provider}-[\\w.+~%-]+$`))
      assert.ok(parseVersion(kernel.version), kernel.version)
      assert.equal(kernel.series, seriesOf(kernel.version))
      assert.deepEqual(await selectKernels([kernel.id, selector, kernel.id], context), [kernel])
      assert.deepEqual(await listKernels(context, { selector }), [kernel])
    })

    await t.test('what it knows has one row a kernel', async () => {
      const ids = (await providerOf(kernel.provider).list('', context)).map(({ id }) => id)
      assert.equal(new Set(ids).size, ids.length)
      assert.ok(ids.includes(kernel.id))
    })

    await t.test('where it lists the series of a kernel, that kernel is among them, and no other series', async () => {
      const listed = await listSeries([kernel], context)
      const keepsList = providerOf(kernel.provider).listSeries !== undefined
      assert.deepEqual(
        listed.filter(({ id }) => id === kernel.id),
        keepsList ? [kernel] : [],
      )
      for (const { series, flavour } of listed) assert.deepEqual([series, flavour], [kernel.series, kernel.flavour])
    })

    const image = await fetchKernel(kernel, context)

    await t.test('a fetched kernel has its files in the cache, and the hash of the one that boots', async () => {
      for (const [field, value] of Object.entries(image.kernel)) assert.equal(kernel[field as keyof typeof kernel], value)
      const boot = image.bzImage ?? image.vmlinux
      assert.ok(boot)
      assert.ok(boot.startsWith(context.workspace.cache))
      assert.equal(
        createHash('sha256')
          .update(await readFile(boot))
          .digest('hex'),
        image.sha256,
      )
      assert.ok(image.vmlinux)
      const elf = await readFile(image.vmlinux)
      assert.ok(isX86Elf(elf))
      const text = elf.toString('latin1', elf.indexOf('Linux version '))
      assert.match(text.slice(0, text.indexOf('\0')), banner)
      if (image.config) assert.match(await readFile(image.config, 'utf8'), /^CONFIG_\w+=/m)
    })

    await t.test('fetched again it is the same, and its files are not touched', async () => {
      const before = await stat(image.vmlinux ?? '')
      assert.deepEqual(await fetchKernel(kernel, context), image)
      assert.equal((await stat(image.vmlinux ?? '')).ctimeMs, before.ctimeMs)
      assert.equal((await selectKernels([kernel.id], context))[0]?.state, 'cached')
    })

    await t.test('a changed byte is never handed out', async () => {
      await flipByte(image.vmlinux ?? '')
      await fetchKernel(kernel, context).catch((error: Error) => {
        assert.equal(error.name, 'UserError')
        assert.ok(error.message.includes(image.vmlinux ?? ''))
      })
      const [again] = await selectKernels([selector], context)
      assert.deepEqual(await fetchKernel(again ?? kernel, context), image)
      const boot = await readFile(image.bzImage ?? image.vmlinux ?? '')
      assert.equal(createHash('sha256').update(boot).digest('hex'), image.sha256)
    })

    await t.test('a module is compiled for it once, or it is said why not', async () => {
      const folder = await temporaryFolder(t)
      const write = (text: string) => writeFile(join(folder, 'probe.c'), text)
      const needs = { cpus: 1, memoryMiB: 512, modules: [], externalModules: [{ name: 'probe', until: null }], cmdline: [] }
      const build = async () => (await buildExternalModules({ folder, needs }, kernel, context))[0]
      await write('#include <linux/module.h>\nMODULE_LICENSE("GPL");\nconst char *const file = __FILE__;\n')
      const built = await build()
      assert.ok(built)
      if (noHeaders) return assert.match('missing' in built ? built.missing : 'there it is', noHeaders)
      assert.ok('path' in built, JSON.stringify(built))
      assert.ok(built.path.startsWith(context.workspace.cache))
      const bytes = await readFile(built.path)
      assert.ok(bytes.includes('license=GPL'))
      assert.equal(createHash('sha256').update(bytes).digest('hex'), built.sha256)
      const { ctimeMs } = await stat(built.path)
      assert.deepEqual(await build(), built)
      assert.equal((await stat(built.path)).ctimeMs, ctimeMs)
      await rm(join(context.workspace.cache, 'external-modules'), { recursive: true })
      assert.deepEqual(await build(), built, 'made again, in another folder, it is the same bytes')
      await write('#include <linux/module.h>\nint broken = x;\n')
      const broken = await build()
      const why = broken && 'missing' in broken ? broken.missing : ''
      assert.match(why, /^probe\.c does not build for this kernel: probe\.c:2:.*x.*$/)
    })

    await t.test('what it has not is the mistake of who asked', async () => {
      const unknown = { ...kernel, id: `${kernel.provider}-0.0.0-none` }
      await assert.rejects(fetchKernel(unknown, context), { name: 'UserError', hint: /./ })
      await assert.rejects(selectKernels([unknown.id], context), { name: 'UserError', hint: /./ })
      await assert.rejects(fetchModules(kernel, ['no_such_module'], context), { name: 'UserError', hint: /./ })
      assert.deepEqual(await fetchModules(kernel, [], context), [])
    })
  })
}
