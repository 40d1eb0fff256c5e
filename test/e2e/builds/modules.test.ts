import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buildExternalModules } from '#harness/image/external-module.ts'
import { fetchKernel, type KernelContext } from '#harness/kernels/index.ts'
import { touchedFiles } from '#analysis/patch/diff.ts'
import { modulesLock, treeLock } from '#harness/kernels/tree/build/files.ts'
import { withLock } from '#harness/support/lock.ts'
import { runCommand } from '#harness/support/process.ts'
import type { Kernel } from '#domain/kernel.ts'
import { MAKEFILE, patch, smallTree } from '#test/helpers/kernels/small-tree.ts'

/** Minimal makefiles for modules: a generated header, exported symbols, modules in a folder M. */
const MODULES = `
$(O)/main.o: | symbols
symbols: ; echo '0x00000000 pin vmlinux EXPORT_SYMBOL' > $(O)/vmlinux.symvers
modules_prepare: ; cp include/words.h $(O)/made.h
ifdef M
include $(M)/Kbuild
modules: ; @grep -q pin $(O)/Module.symvers
	gcc -c -I$(O) -o $(M)/$(obj-m:.o=.ko) $(M)/$(obj-m:.o=.c)
endif
`
const HEADER_PATCH = `--- a/include/words.h
+++ b/include/words.h
@@ -1 +1 @@
-#define WORDS "words of the base"
+#define WORDS "words of the patch"
`

async function given(t: TestContext) {
  const { source, ...rest } = await smallTree(t)
  await writeFile(join(source, 'Makefile'), `${MAKEFILE}${MODULES}`)
  await mkdir(join(source, 'include'))
  await mkdir(join(source, 'tools'))
  await writeFile(join(source, 'include', 'words.h'), '#define WORDS "words of the base"\n')
  const folder = await rest.write('probe.c', '#include "made.h"\nconst char words[] = WORDS;\n').then((path) => join(path, '..'))
  const needs = { cpus: 1, memoryMiB: 512, modules: [], externalModules: [{ name: 'probe', until: null }], cmdline: [] }
  const build = async (kernel: Kernel, context: KernelContext = rest.context) =>
    (await buildExternalModules({ folder, needs }, kernel, context))[0]
  /** The built module of a kernel; fails the test when there is none. */
  const module = async (kernel: Kernel) => {
    const built = await build(kernel)
    assert.ok(built && 'path' in built, JSON.stringify(built))
    return { ...built, text: await readFile(built.path, 'latin1') }
  }
  return { ...rest, build, module }
}

test('a patch of code keeps the modules of the base; a patch of a header makes its own', async (t) => {
  const { context, workspace, events, select, write, module } = await given(t)
  const base = await select()
  const code = await select(`,patch=${await write('code.patch', patch('int start(void) { return 3; }'))}`)
  const header = await select(`,patch=${await write('header.patch', HEADER_PATCH)}`)
  for (const kernel of [base, code, header]) await fetchKernel(kernel, context)
  const first = await module(base)
  assert.ok(first.text.includes('words of the base'))
  events.length = 0
  assert.deepEqual(await module(code), first)
  assert.deepEqual(events, [], 'nothing was built')
  const other = await module(header)
  assert.ok(other.text.includes('words of the patch'))
  assert.notEqual(other.path, first.path)
  const trees = await readdir(join(workspace.cache, 'trees'))
  assert.ok(!trees.some((name) => name.startsWith('building')), 'its build folder is removed')
  const [folder = ''] = trees.filter((name) => name.startsWith('base-'))
  const inBase = (path: string) => readFile(join(workspace.cache, 'trees', folder, path), 'utf8')
  assert.match(await inBase('include/words.h'), /of the base/)
  await assert.rejects(inBase('build/made.h'), { code: 'ENOENT' })
})

test('a module build takes the lock before its slot, because the holder of the lock may wait for a slot', async (t) => {
  const { context, workspace, select, build } = await given(t)
  const base = await select()
  await fetchKernel(base, context)
  const { path: lock } = modulesLock(workspace)
  const held: boolean[] = []
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    held.push((await runCommand('flock', ['--nonblock', lock, 'true'], { anyExit: true })).exitCode !== 0)
    return work()
  }
  const built = await build(base, { ...context, inTurn })
  assert.ok(built && 'path' in built)
  assert.deepEqual(held, [true])
})

test('a kernel that is ready waits for no other one to be built, and several attempts build a module once', async (t) => {
  const { context, workspace, events, select, write, build } = await given(t)
  const base = await select()
  const code = await select(`,patch=${await write('code.patch', patch('int start(void) { return 3; }'))}`)
  const header = await select(`,patch=${await write('header.patch', HEADER_PATCH)}`)
  for (const kernel of [base, code, header]) await fetchKernel(kernel, context)
  events.length = 0
  await withLock(treeLock(workspace).path, { name: 'kernel builds', doing: 'building for ten minutes' }, async () => {
    const built = await Promise.all([base, code, base, header, code].map((kernel) => build(kernel)))
    assert.ok(
      built.every((one) => one && 'path' in one),
      JSON.stringify(built),
    )
    assert.equal(new Set(built.map((one) => (one && 'path' in one ? one.path : ''))).size, 2)
  })
  assert.deepEqual(
    events.map(({ message }) => message),
    ['building the module probe', 'building the module probe'],
    'one for the base and its code, one for the other header',
  )
})

test('a module whose base is gone builds the base, under the lock of kernel builds', async (t) => {
  const { context, workspace, events, select, module } = await given(t)
  const kernel = await select()
  await fetchKernel(kernel, context)
  const trees = join(workspace.cache, 'trees')
  const bases = async () => (await readdir(trees)).filter((name) => name.startsWith('base-'))
  const [base = ''] = await bases()
  await rm(join(trees, base), { recursive: true })
  events.length = 0
  assert.match((await module(kernel)).text, /words of the base/)
  assert.deepEqual(await bases(), [base])
  assert.ok(events.some(({ message }) => message.startsWith('building the base')))
})

test('the reason that a module does not build is reported, and leaves nothing in the cache', async (t) => {
  const { context, workspace, select, write, build } = await given(t)
  const kernel = await select()
  await fetchKernel(kernel, context)
  await write('probe.c', 'int x = y;\n')
  const broken = await build(kernel)
  const why = broken && 'missing' in broken ? broken.missing : ''
  assert.match(why, /^probe\.c does not build for this kernel: probe\.c:1:9: error: .y. undeclared/)
  await rm(join(workspace.cache, 'trees', 'recipes', `${kernel.id}.json`))
  assert.deepEqual(await build(kernel), { name: 'probe', missing: `kwitness does not know any more how ${kernel.id} was built` })
  await assert.rejects(readdir(join(workspace.cache, 'external-modules')), { code: 'ENOENT' })
  assert.deepEqual(await readdir(join(workspace.cache, 'scratch')), [])
})

test('an aborted module build throws the reason of the signal, and returns none', async (t) => {
  const { context, select, folder } = await given(t)
  const kernel = await select()
  await fetchKernel(kernel, context)
  const stop = new AbortController()
  const progress = ({ message }: { message: string }) => void (message.includes('module probe') && stop.abort())
  const needs = { cpus: 1, memoryMiB: 512, modules: [], externalModules: [{ name: 'probe', until: null }], cmdline: [] }
  const building = buildExternalModules({ folder, needs }, kernel, { ...context, signal: stop.signal, progress })
  await assert.rejects(building, { name: 'AbortError' })
})

test('the files of a patch are those it changes, adds and removes', () => {
  const others = '--- /dev/null\n+++ b/mm/new.c\n@@ -0,0 +1 @@\n+x\n--- a/mm/old.c\t2026\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n'
  const text = `words --- a/not/one\n${HEADER_PATCH}${others}`
  assert.deepEqual(touchedFiles(text), ['include/words.h', 'mm/new.c', 'mm/old.c'])
})
