/** Commits built one after the other in one worktree: the same bytes as a full build, and no unfinished state. */
import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fetchKernel, selectKernels, type KernelContext } from '#harness/kernels/index.ts'
import { treeLock } from '#harness/kernels/tree/build/files.ts'
import { BuildFailure } from '#harness/kernels/tree/build/make.ts'
import { parseChanges } from '#harness/kernels/tree/build/worktree.ts'
import { treeBuildTree } from '#harness/kernels/tree/modules.ts'
import { runCommand } from '#harness/support/process.ts'
import { MAKEFILE, smallTree } from '#test/helpers/kernels/small-tree.ts'

/** The small tree as a git repository, with a function that commits to it. */
async function repository(t: TestContext) {
  const { source, context, events, folder } = await smallTree(t)
  const git = async (...args: string[]) =>
    (await runCommand('git', ['-C', source, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args])).stdout
  await git('init', '--quiet')
  const commit = async (files: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(source, name), text)
    await git('add', '--all')
    await git('commit', '--quiet', '--allow-empty', '-m', 'one')
    return git('rev-parse', 'HEAD')
  }
  const kernelOf = async (revision: string, where: KernelContext = context) => {
    const [kernel] = await selectKernels([`tree:${source}@${revision}`], where)
    assert.ok(kernel)
    return kernel
  }
  const build = async (revision: string, where: KernelContext = { ...context, inWorktree: true }) =>
    readFile((await fetchKernel(await kernelOf(revision, where), where)).vmlinux ?? '')
  const elsewhere = (name: string) => ({ ...context, workspace: { cache: join(folder, name), state: folder } })
  const fresh = (revision: string, name: string) => build(revision, elsewhere(name))
  const trees = async () => (await readdir(join(context.workspace.cache, 'trees'))).map((name) => name.replace(/-.*/, ''))
  return { commit, build, fresh, events, trees, kernelOf, context }
}

test('each commit equals its full build, and only changed files are compiled', async (t) => {
  const { commit, build, fresh, events, trees } = await repository(t)
  const first = await commit({})
  const second = await commit({ 'main.c': 'int start(void) { return 3; }\n' })
  const third = await commit({ 'other.c': 'int other(void) { return 4; }\n', README: 'words\n' })
  await build(first)
  events.length = 0
  const last = await build(third)
  const middle = await build(second)
  assert.deepEqual(last, await fresh(third, 'third'))
  assert.deepEqual(middle, await fresh(second, 'second'))
  const built = events.filter(({ message }) => message.startsWith('built')).map(({ message }) => message.replace(/ in .*/, ''))
  assert.deepEqual(built.slice(0, 2), ['built 2 objects', 'built 1 objects'])
  assert.equal((await trees()).filter((name) => name === 'base').length, 1)
  assert.ok((await trees()).includes('worktree'))
})

test('a commit that does not build is a BuildFailure, and the next one still builds', async (t) => {
  const { commit, build, fresh } = await repository(t)
  const first = await commit({})
  const broken = await commit({ 'main.c': '#error stop here\n' })
  const third = await commit({ 'main.c': 'int start(void) { return 5; }\n' })
  await build(first)
  await assert.rejects(build(broken), (error) => error instanceof BuildFailure && /stop here/.test(error.message))
  assert.deepEqual(await build(third), await fresh(third, 'fresh'))
})

test('an aborted build leaves no worktree to reuse', async (t) => {
  const { commit, build, fresh, context } = await repository(t)
  const first = await commit({})
  const second = await commit({ 'main.c': 'int start(void) { return 6; }\n' })
  await build(first)
  const stop = new AbortController()
  const stopping: KernelContext = { ...context, inWorktree: true, signal: stop.signal, progress: () => stop.abort() }
  await assert.rejects(build(second, stopping))
  assert.deepEqual(await build(second), await fresh(second, 'fresh'))
})

/** Whether a process waits for this lock (proc(5), locks). */
async function isWaitedFor(path: string): Promise<boolean> {
  const { ino } = await stat(path)
  return (await readFile('/proc/locks', 'utf8')).split('\n').some((line) => line.includes('->') && line.includes(`:${ino} `))
}

/** What a tree needs beside the small one's to prepare modules. */
const MODULES = `
$(O)/main.o: | symbols
symbols: ; echo '0x00000000 start vmlinux EXPORT_SYMBOL' > $(O)/vmlinux.symvers
modules_prepare: ; echo prepared > $(O)/prepared
`

test('a module for a commit is built in its worktree, also while another one has the worktree, and no base is', async (t) => {
  const { commit, build, trees, kernelOf, context } = await repository(t)
  const first = await commit({ Makefile: `${MAKEFILE}${MODULES}` })
  const second = await commit({ 'main.c': 'int start(void) { return 7; }\n' })
  for (const revision of [first, second]) await build(revision)
  const tree = await treeBuildTree(await kernelOf(second), context)
  assert.ok('use' in tree)
  const sourceIn = ([, folder = '']: readonly string[]) => readFile(join(folder, 'main.c'), 'utf8')
  let inside: Promise<string> | null = null
  const outside = await tree.use(async (make) => {
    inside = tree.use(sourceIn)
    // Not before the other one has looked for the worktree.
    while (!(await isWaitedFor(treeLock(context.workspace).path))) await new Promise(setImmediate)
    return sourceIn(make)
  })
  assert.deepEqual([outside, await inside], Array(2).fill('int start(void) { return 7; }\n'))
  assert.equal((await trees()).filter((name) => name === 'base').length, 1)
})

test('parseChanges returns null for what make would miss: new headers in include folders, symbolic links', () => {
  const hashes = `${'0'.repeat(40)} ${'1'.repeat(40)}`
  const line = (modes: string, status: string, path: string) => `:${modes} ${hashes} ${status}\0${path}\0`
  const changed = line('100644 100644', 'M', 'mm/gup.c')
  assert.deepEqual(parseChanges(''), [])
  assert.deepEqual(parseChanges(changed + line('100644 000000', 'D', 'include/linux/old.h')), [
    { path: 'mm/gup.c', removed: false },
    { path: 'include/linux/old.h', removed: true },
  ])
  assert.equal(parseChanges(changed + line('000000 100644', 'A', 'include/linux/new.h')), null)
  assert.equal(parseChanges(line('120000 120000', 'M', 'mm/link')), null)
  assert.equal(parseChanges(line('100644 120000', 'T', 'mm/link')), null)
})
