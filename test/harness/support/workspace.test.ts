import assert from 'node:assert/strict'
import { copyFile, rename, symlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderHint, makeFolder, systemHint, writeAt } from '#harness/support/workspace.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'

test('a folder is made with all those above it, by several at once, and once more', async (t) => {
  const path = join(await temporaryFolder(t), 'a', 'b', 'c')
  await Promise.all([makeFolder(path), makeFolder(join(path, 'd')), makeFolder(path)])
  await makeFolder(path)
  assert.ok((await stat(join(path, 'd'))).isDirectory())
})

test('where no folder can be made, the error of the system comes, at once', { timeout: 20_000 }, async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'file'), '')
  await symlink('nowhere', join(folder, 'dangling'))
  await symlink('circle', join(folder, 'circle'))
  const errors: readonly (readonly [path: string, code: RegExp])[] = [
    ['/proc/kwitness', /ENOENT/],
    ['/proc/kwitness/a/b', /ENOENT/],
    ['/proc/self/kwitness', /ENOENT/],
    ['/sys/kwitness/a', /EPERM|EACCES|EROFS/],
    ['/dev/null/a', /ENOTDIR/],
    ['/dev/null/a/b', /ENOTDIR/],
    [join(folder, 'file'), /EEXIST/],
    [join(folder, 'file', 'a'), /ENOTDIR/],
    [join(folder, 'dangling'), /EEXIST/],
    [join(folder, 'dangling', 'a'), /ENOENT/],
    [join(folder, 'circle', 'a'), /ELOOP/],
    [join(folder, 'a'.repeat(300), 'b'), /ENAMETOOLONG/],
    [join(folder, 'a\0b'), /ERR_INVALID_ARG_VALUE/],
  ]
  for (const [path, code] of errors) {
    await assert.rejects(makeFolder(path), (error: NodeJS.ErrnoException) => code.test(error.code ?? ''), path)
  }
})

test('a folder that takes nothing is named by the variable that moves it', () => {
  assert.equal(systemHint('ENOSPC'), 'free some space or set KWITNESS_CACHE and KWITNESS_STATE to folders on another disk')
  assert.equal(systemHint('EROFS', ['KWITNESS_STATE']), 'set KWITNESS_STATE to a folder that can be written')
  assert.equal(systemHint('EEXIST', ['KWITNESS_STATE']), 'move what is in the way, or set KWITNESS_STATE to another folder')
  assert.equal(folderHint('full', ['KWITNESS_CACHE']), 'free some space or set KWITNESS_CACHE to a folder on another disk')
  assert.equal(systemHint('EMFILE', ['KWITNESS_STATE']), systemHint('EMFILE'))
  assert.equal(systemHint('ENOENT'), undefined)
})

test('of a copy or a rename that fails, the place written to is named', async (t) => {
  const folder = await temporaryFolder(t)
  const [from, to] = [join(folder, 'from'), join(folder, 'none', 'to')]
  await writeFile(from, '')
  for (const write of [copyFile, rename]) {
    await assert.rejects(
      writeAt(to, 'elsewhere', () => write(from, to)),
      { name: 'InfraError', message: `cannot write ${to}: ENOENT` },
    )
  }
})
