import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fetchKernel, fetchModules, selectKernels, type KernelContext } from '../../harness/kernels/index.ts'
import { temporaryFolder } from './images.ts'

/** A tree that is configured and built with the words of the kernel's own, from two C files. */
const MAKEFILE = `VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 9
tinyconfig: ; echo '# CONFIG_SMP is not set' > $(O)/.config
olddefconfig: ; sed -i -e '/CONFIG_NEVER/d' -e '/^# CONFIG_SMP/d' $(O)/.config
vmlinux: $(O)/main.o $(O)/other.o
	ld -e start -o $(O)/vmlinux $^ && touch $(O)/modules.builtin
$(O)/%.o: %.c ; @echo '  CC      $*.o'; gcc -c -o $@ $<
`
const patch = (to: string) => `Why.\n\n--- a/main.c\n+++ b/main.c\n@@ -1 +1 @@\n-int start(void) { return 1; }\n+${to}\n`

async function given(t: TestContext) {
  const folder = await temporaryFolder(t)
  const source = join(folder, 'linux')
  await mkdir(source)
  await writeFile(join(source, 'Makefile'), MAKEFILE)
  await writeFile(join(source, 'main.c'), 'int start(void) { return 1; }\n')
  await writeFile(join(source, 'other.c'), 'int other(void) { return 2; }\n')
  const said: string[] = []
  const workspace = { cache: join(folder, 'cache'), state: folder }
  const context: KernelContext = { workspace, progress: ({ message }) => void said.push(message) }
  const select = async (options = '') => {
    const [kernel] = await selectKernels([`tree:${source}${options}`], context)
    assert.ok(kernel)
    return kernel
  }
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const log = (name: string) => readFile(join(workspace.cache, 'logs', `${name}.log`), 'utf8')
  return { source, context, workspace, said, select, write, log }
}

test('a folder is built once, and known by its id from then on', async (t) => {
  const { context, said, select } = await given(t)
  const listed = await select()
  assert.match(listed.id, /^tree-6\.1\.9-base-[0-9a-f]{12}$/)
  assert.deepEqual([listed.state, listed.series, listed.flavour], ['available', '6.1.y', 'base'])
  const image = await fetchKernel(listed, context)
  assert.equal(image.bzImage, null)
  assert.match(await readFile(image.config ?? '', 'utf8'), /^CONFIG_SMP=y$/m)
  assert.deepEqual(await fetchModules(listed, [], context), [])
  const [again] = await selectKernels([listed.id], context)
  assert.equal(again?.state, 'cached')
  said.length = 0
  assert.deepEqual(await fetchKernel(listed, context), image)
  assert.deepEqual(said, [], 'nothing was built')
})

test('a patch makes another kernel, of which only what it touches is compiled', async (t) => {
  const { source, context, select, write, log } = await given(t)
  const base = await fetchKernel(await select(), context)
  const kernel = await select(`,patch=${await write('three.patch', patch('int start(void) { return 3; }'))}`)
  assert.match(kernel.id, /^tree-6\.1\.9-three-[0-9a-f]{12}$/)
  const image = await fetchKernel(kernel, context)
  assert.notEqual(image.sha256, base.sha256)
  const built = await log(kernel.id)
  assert.ok(built.includes('CC      main.o') && !built.includes('CC      other.o'), built)
  assert.match(await readFile(join(source, 'main.c'), 'utf8'), /return 1/, 'the source given stays as it is')
  assert.deepEqual(await fetchKernel(await select(), context), base, 'and so does the base')
})

test('what does not fit is said, and leaves nothing in the cache', async (t) => {
  const { context, workspace, select, write } = await given(t)
  const rejects = async (options: string, message: RegExp) => {
    await assert.rejects(fetchKernel(await select(options), context), message)
    const kernels = await readdir(join(workspace.cache, 'kernels'))
    assert.deepEqual(kernels.filter((name) => !name.includes('-base-')), [])
  }
  await rejects(`,config=${await write('never.config', 'CONFIG_NEVER=y\n')}`, /CONFIG_NEVER=y of never did not take/)
  const typo = await write('typo.patch', patch('int start(void) { return x; }'))
  await rejects(`,patch=${typo}`, /main\.c:1:\d+: error: .x. undeclared/)
  const stale = patch('int start(void) { return 4; }').replace('return 1', 'return 9')
  await rejects(`,patch=${await write('stale.patch', stale)}`, /stale does not apply to .*linux: main\.c: Hunk #1 FAILED/)
})

test('a build that is stopped leaves nothing half done, and the next one is whole', async (t) => {
  const { source, context, workspace, select } = await given(t)
  const go = join(workspace.cache, '..', 'go')
  const wait = `test -e ${go} || { seq -f '  CC      %g.o' 100; exec sleep 100; }`
  await writeFile(join(source, 'Makefile'), `${MAKEFILE}$(O)/other.o: wait\nwait: ; @${wait}\n`)
  const kernel = await select()
  const stop = new AbortController()
  const progress = ({ message }: { message: string }) => void (message.includes('100 objects') && stop.abort())
  await assert.rejects(fetchKernel(kernel, { ...context, signal: stop.signal, progress }))
  assert.deepEqual((await readdir(join(workspace.cache, 'trees'))).filter((name) => name.startsWith('base-')), [])
  await writeFile(go, '')
  assert.ok((await fetchKernel(kernel, context)).vmlinux)
})
