/** Where make runs: in the cache, and elsewhere for a cache whose path make cannot express. */
import assert from 'node:assert/strict'
import { chmod, mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildRoot } from '#harness/support/build-root.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

test('a plain path is used as it is, whether it exists or not', async (t) => {
  const folder = await temporaryFolder(t)
  for (const name of ['cache', 'c++', 'a.b_c-d', 'not/there/yet']) {
    assert.equal(buildRoot(join(folder, name), '/nowhere'), join(folder, name))
  }
})

test('any other path has one folder of this user elsewhere', async (t) => {
  const folder = await temporaryFolder(t)
  const own = join(folder, `kwitness-${process.getuid?.()}`)
  for (const name of ['a b', 'ws@2', 'a,b', 'a:b', 'a=b', "a'b", 'a$b', 'a#b', 'a%b', 'a\\b', '(a)', 'ä', 'a\nb', 'a;b/cache']) {
    assert.equal(buildRoot(join(folder, name), folder), own, name)
  }
  assert.equal((await stat(own)).mode & 0o777, 0o700)
  // What make sees is the real path.
  await mkdir(join(folder, 'a b'))
  await symlink(join(folder, 'a b'), join(folder, 'link'))
  assert.equal(buildRoot(join(folder, 'link'), folder), own)
})

test('a folder that others may write, or that is no folder, is refused', async (t) => {
  const folder = await temporaryFolder(t)
  const own = join(folder, `kwitness-${process.getuid?.()}`)
  const refused = (place: string, message: RegExp) =>
    assert.throws(() => buildRoot(join(folder, 'a b'), place), { name: 'InfraError', message, hint: /KWITNESS_CACHE/ })
  await mkdir(own)
  await chmod(own, 0o777)
  refused(folder, /is not a folder that only this user can write/)
  await rm(own, { recursive: true })
  await symlink('/', own)
  refused(folder, /is not a folder that only this user can write/)
  await rm(own)
  await writeFile(own, '')
  refused(folder, /is not a folder that only this user can write/)
  refused(join(folder, 'missing'), /cannot be made: ENOENT/)
})
