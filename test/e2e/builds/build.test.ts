import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { fetchKernel, fetchModules, selectKernels } from '#harness/kernels/index.ts'
import { MAKEFILE, patch, smallTree } from '#test/helpers/kernels/small-tree.ts'

test('a folder is built once, and then found by its id', async (t) => {
  const { context, events, select } = await smallTree(t)
  const listed = await select()
  assert.match(listed.id, /^tree-6\.1\.9-base-[0-9a-f]{12}$/)
  assert.deepEqual([listed.state, listed.series, listed.flavour], ['available', '6.1.y', 'base'])
  const image = await fetchKernel(listed, context)
  assert.equal(image.bzImage, null)
  assert.match(await readFile(image.config ?? '', 'utf8'), /^CONFIG_SMP=y$/m)
  assert.deepEqual(await fetchModules(listed, [], context), [])
  const [again] = await selectKernels([listed.id], context)
  assert.equal(again?.state, 'cached')
  events.length = 0
  assert.deepEqual(await fetchKernel(listed, context), image)
  assert.deepEqual(events, [], 'nothing was built')
})

test('a patch makes another kernel, and only what it changes is compiled', async (t) => {
  const { source, context, select, write, log } = await smallTree(t)
  const base = await fetchKernel(await select(), context)
  const kernel = await select(`,patch=${await write('three.patch', patch('int start(void) { return 3; }'))}`)
  assert.match(kernel.id, /^tree-6\.1\.9-three-[0-9a-f]{12}$/)
  const image = await fetchKernel(kernel, context)
  assert.notEqual(image.sha256, base.sha256)
  const built = await log(kernel.id)
  assert.ok(built.includes('CC      main.o') && !built.includes('CC      other.o'), built)
  assert.match(await readFile(join(source, 'main.c'), 'utf8'), /return 1/, 'the given source does not change')
  assert.deepEqual(await fetchKernel(await select(), context), base, 'and so does the base')
})

test('a kernel whose vmlinux may not boot comes with a bzImage', async (t) => {
  const { context, select, write } = await smallTree(t)
  assert.equal((await fetchKernel(await select(), context)).bzImage, null)
  const kasan = await select(`,config=${await write('mine.config', 'CONFIG_KASAN=y\n')}`)
  const { bzImage, vmlinux } = await fetchKernel(kasan, context)
  assert.equal(await readFile(bzImage ?? '', 'utf8'), 'packed\n')
  assert.ok(vmlinux)
})

test('a config, patch or source that does not fit is an error, and leaves nothing in the cache', async (t) => {
  const { context, workspace, select, write } = await smallTree(t)
  const rejects = async (options: string, message: RegExp) => {
    await assert.rejects(fetchKernel(await select(options), context), message)
    const kernels = await readdir(join(workspace.cache, 'kernels'))
    assert.deepEqual(
      kernels.filter((name) => !name.includes('-base-')),
      [],
    )
  }
  await rejects(`,config=${await write('never.config', 'CONFIG_NEVER=y\n')}`, /CONFIG_NEVER=y of never was dropped/)
  const typo = await write('typo.patch', patch('int start(void) { return x; }'))
  await rejects(`,patch=${typo}`, /main\.c:1:\d+: error: .x. undeclared/)
  const stale = patch('int start(void) { return 4; }').replace('return 1', 'return 9')
  await rejects(`,patch=${await write('stale.patch', stale)}`, /stale does not apply to .*linux: main\.c: Hunk #1 FAILED/)
})

/** A tree whose second object waits until the file `go` exists. */
async function slowTree(t: TestContext) {
  const given = await smallTree(t)
  const go = join(given.folder, 'go')
  const wait = `test -e ${go} || { seq -f '  CC      %g.o' 100; exec sleep 100; }`
  await writeFile(join(given.source, 'Makefile'), `${MAKEFILE}$(O)/other.o: wait\nwait: ; @${wait}\n`)
  const bases = async () => (await readdir(join(given.workspace.cache, 'trees'))).filter((name) => name.startsWith('base-'))
  return { ...given, bases, go: () => writeFile(go, '') }
}

test('an aborted build leaves nothing unfinished, and the next one is complete', async (t) => {
  const { context, select, bases, go } = await slowTree(t)
  const kernel = await select()
  const stop = new AbortController()
  const progress = ({ message }: { message: string }) => void (message.includes('100 objects') && stop.abort())
  await assert.rejects(fetchKernel(kernel, { ...context, signal: stop.signal, progress }))
  assert.deepEqual(await bases(), [])
  await go()
  assert.ok((await fetchKernel(kernel, context)).vmlinux)
})

test('a killed build leaves nothing unfinished, and the next one is complete', async (t) => {
  const { source, workspace, context, select, bases, go } = await slowTree(t)
  const kernel = await select()
  const main = inRepository('src', 'cli', 'main.ts')
  const env = { ...process.env, KWITNESS_CACHE: workspace.cache, KWITNESS_STATE: workspace.state }
  const words = ['kernels', 'pull', `tree:${source}`, '--verbose']
  const child = spawn(process.execPath, [main, ...words], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(child, 'close')
  let stderr = ''
  for await (const text of child.stderr.setEncoding('utf8')) if ((stderr += text).includes('100 objects')) child.kill('SIGKILL')
  assert.deepEqual(await closed, [null, 'SIGKILL'], stderr)
  assert.match(stderr, /^\S.* make \| {3}CC {6}1\.o$/m, 'what make prints is shown as it comes')
  const kernels = () => readdir(join(workspace.cache, 'kernels'))
  assert.deepEqual(await bases(), [])
  assert.match((await kernels()).join(), /\.tmp-/, 'the unfinished entry is there, under a temporary name')
  await go()
  assert.ok((await fetchKernel(kernel, context)).vmlinux)
  assert.doesNotMatch((await kernels()).join(), /\.tmp-/)
})

test('progress is estimated from the last full build of the branch; most events are transient', async (t) => {
  const { source, context: given, events, select } = await smallTree(t)
  // Two parallel compilers may print their first lines in any order.
  const context = { ...given, buildJobs: 1 }
  const words = () => {
    return events.splice(0).map(({ message, transient }) => `${transient ? 'transient ' : ''}${message.replace(/\d+:\d\d/, 'T')}`)
  }
  await fetchKernel(await select(), context)
  const first = words()
  assert.ok(first.includes('transient building: 1 of about 100 objects, T, now main.o'), first.join('\n'))
  assert.ok(first.includes('built 2 objects in T'))
  await mkdir(join(source, 'include'))
  await writeFile(join(source, 'include', 'new.h'), '')
  await fetchKernel(await select(), context)
  assert.ok(words().includes('transient building: 1 of about 2 objects, T, now main.o'))
})
