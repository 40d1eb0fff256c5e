import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { findDependencies, installCommand, parseDependencies } from '#harness/host/dependencies.ts'
import { InvariantError } from '#domain/errors.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

test('a dependency has what, package, scope and why; comment lines are skipped', () => {
  const list = '# a comment\n\nxz   xz-utils  guest  uncompresses, and more\n/usr/lib/*/libc.a  libc6-dev  test  why\n'
  assert.deepEqual(parseDependencies(list), [
    { what: 'xz', package: 'xz-utils', scope: 'guest', why: 'uncompresses, and more' },
    { what: '/usr/lib/*/libc.a', package: 'libc6-dev', scope: 'test', why: 'why' },
  ])
})

for (const line of ['xz', 'xz xz-utils guest', 'xz xz-utils sometimes why', 'xz\txz-utils\tguest\twhy']) {
  test(`not a dependency: ${JSON.stringify(line)}`, () => {
    assert.throws(() => parseDependencies(line), InvariantError)
  })
}

test('the install command names each package once, and sudo only for a user who is not root', () => {
  const install = 'apt-get install -y --no-install-recommends'
  assert.equal(installCommand(['a', 'b', 'a'], true), `apt-get update && ${install} a b`)
  assert.equal(installCommand(['a'], false), `sudo apt-get update && sudo ${install} a`)
})

test('what does as well is found in the place of a dependency, without the version of its package', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'apt-get'), '')
  const found = (await findDependencies(folder)).find(({ what }) => what === 'curl|apt-get')
  assert.deepEqual([found?.path, found?.version], [join(folder, 'apt-get'), null])
})

test('each dependency is found with its path and package version, or with null for both', async () => {
  const found = await findDependencies('')
  const list = parseDependencies(await readFile(inRepository('harness', 'host', 'dependencies.txt'), 'utf8'))
  assert.deepEqual(
    found.map((dependency) => dependency.what),
    list.map((dependency) => dependency.what),
  )
  const [qemu] = found
  assert.deepEqual([qemu?.what, qemu?.path, qemu?.version], ['qemu-system-x86_64', null, null])
  const keyring = found.find((dependency) => dependency.package === 'debian-archive-keyring')
  assert.match(keyring?.path ?? '', /^\/usr\/share\/keyrings\/debian-archive-keyring\.gpg$/)
  assert.match(keyring?.version ?? '', /^\d{4}\./)
})
