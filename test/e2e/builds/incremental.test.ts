import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFile, chmod, mkdir, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fetchKernel, selectKernels } from '#harness/kernels/index.ts'
import { parseTreeSelector } from '#harness/kernels/tree/source/selector.ts'
import { fetchSource, findSource } from '#harness/kernels/tree/source/source.ts'
import { smallTree } from '#test/helpers/kernels/small-tree.ts'

async function newestLog(cache: string): Promise<string> {
  const names = await readdir(join(cache, 'logs'))
  const times = await Promise.all(names.map(async (name) => ({ name, ms: (await stat(join(cache, 'logs', name))).mtimeMs })))
  const newest = times.toSorted((a, b) => b.ms - a.ms)[0]
  return readFile(join(cache, 'logs', newest?.name ?? ''), 'utf8')
}

/** The compiled objects in the newest build log. */
async function compiled(cache: string): Promise<string[]> {
  return [...(await newestLog(cache)).matchAll(/^ {2}CC +(\S+)$/gm)].map(([, object = '']) => object)
}

test('a source that differs in one file is built from the nearest base, and only that file is compiled', async (t) => {
  const { source, context, workspace, select } = await smallTree(t)
  const first = await fetchKernel(await select(), context)
  await writeFile(join(source, 'other.c'), 'int other(void) { return 4; }\n')
  await chmod(join(source, 'main.c'), 0o600)
  const second = await fetchKernel(await select(), context)
  assert.deepEqual(await compiled(workspace.cache), ['other.o'])
  assert.doesNotMatch(await newestLog(workspace.cache), /CONFIG_SMP/, 'no C file decides what the config is')
  assert.notEqual(second.sha256, first.sha256)
  await rm(join(workspace.cache, 'kernels'), { recursive: true })
  await rm(join(workspace.cache, 'trees'), { recursive: true })
  assert.equal((await fetchKernel(await select(), context)).sha256, second.sha256, 'a full build gives the same kernel')
  assert.deepEqual((await compiled(workspace.cache)).toSorted(), ['main.o', 'other.o'])
  await appendFile(join(source, 'Makefile'), '# more\n')
  await fetchKernel(await select(), context)
  assert.deepEqual(await compiled(workspace.cache), [])
  assert.match(await newestLog(workspace.cache), /CONFIG_SMP/, 'a Makefile may change the config')
})

test('when make would miss a difference, everything is compiled', async (t) => {
  const { source, context, workspace, select } = await smallTree(t)
  await fetchKernel(await select(), context)
  await mkdir(join(source, 'include'))
  await writeFile(join(source, 'include', 'before.h'), '')
  await fetchKernel(await select(), context)
  assert.equal((await compiled(workspace.cache)).length, 2, 'a new header may shadow another')
  await symlink('other.c', join(source, 'link.c'))
  await fetchKernel(await select(), context)
  assert.equal((await compiled(workspace.cache)).length, 2, 'a link has the modification time of its target')
})

test('another config is a full build', async (t) => {
  const { context, workspace, select, write } = await smallTree(t)
  await fetchKernel(await select(), context)
  await fetchKernel(await select(`,config=${await write('more.config', 'CONFIG_MORE=y\n')}`), context)
  assert.equal((await compiled(workspace.cache)).length, 2)
})

test('of a git tree related to a cached one only the changes are unpacked, and the cached files do not change', async (t) => {
  const { source, folder, context, workspace } = await smallTree(t)
  const git = (...args: string[]) => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org']
    return execFileSync('git', ['-C', source, ...identity, ...args], { encoding: 'utf8' })
  }
  git('init', '-q')
  await writeFile(join(source, 'gone.c'), '')
  git('add', '-A')
  git('commit', '-q', '-m', 'one')
  await writeFile(join(source, 'main.c'), 'int start(void) { return 5; }\n')
  await writeFile(join(source, 'new file.c'), 'int n;\n')
  git('rm', '-q', 'gone.c')
  git('add', '-A')
  git('commit', '-q', '-m', 'two')
  const fetch = async (revision: string) => {
    return fetchSource(await findSource(parseTreeSelector(`${source}@${revision}`).place, context), context)
  }
  const [one, two] = [await fetch('HEAD~1'), await fetch('HEAD')]
  assert.deepEqual((await readdir(two)).toSorted(), ['Makefile', 'main.c', 'new file.c', 'other.c'])
  assert.match(await readFile(join(two, 'main.c'), 'utf8'), /return 5/)
  assert.match(await readFile(join(one, 'main.c'), 'utf8'), /return 1/, 'the cached source does not change')
  assert.deepEqual((await readdir(one)).toSorted(), ['Makefile', 'gone.c', 'main.c', 'other.c'])
  const inode = async (path: string) => (await stat(path)).ino
  assert.equal(await inode(join(two, 'other.c')), await inode(join(one, 'other.c')), 'equal files are hard links')
  const plain = join(folder, 'plain')
  await mkdir(plain)
  execFileSync('sh', ['-c', `git -C "$1" archive HEAD | tar -x -C "$2"`, 'sh', source, plain])
  execFileSync('diff', ['-r', plain, two])
  const kernels = await selectKernels([`tree:${source}@HEAD~1`, `tree:${source}@HEAD`], context)
  for (const kernel of kernels) await fetchKernel(kernel, context)
  assert.deepEqual(await compiled(workspace.cache), ['main.o'])
})
