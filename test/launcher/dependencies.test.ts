import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { inRepository } from '#harness/support/repository.ts'
import { findDependencies, installLine, parseDependencies } from '#harness/host/dependencies.ts'
import { InvariantError } from '#domain/errors.ts'

test('a need is what, package, scope and why; comments are none', () => {
  const list = '# a comment\n\nxz   xz-utils  guest  uncompresses, and more\n/usr/lib/*/libc.a  libc6-dev  test  why\n'
  assert.deepEqual(parseDependencies(list), [
    { what: 'xz', package: 'xz-utils', scope: 'guest', why: 'uncompresses, and more' },
    { what: '/usr/lib/*/libc.a', package: 'libc6-dev', scope: 'test', why: 'why' },
  ])
})

for (const line of ['xz', 'xz xz-utils guest', 'xz xz-utils sometimes why', 'xz\txz-utils\tguest\twhy']) {
  test(`no need: ${JSON.stringify(line)}`, () => {
    assert.throws(() => parseDependencies(line), InvariantError)
  })
}

test('the line that installs names each package once, and sudo only for those who need it', () => {
  const install = 'apt-get install -y --no-install-recommends'
  assert.equal(installLine(['a', 'b', 'a'], true), `apt-get update && ${install} a b`)
  assert.equal(installLine(['a'], false), `sudo apt-get update && sudo ${install} a`)
})

test('what is looked for is found where it is, with the version of its package, or not at all', async () => {
  const found = await findDependencies('')
  const list = parseDependencies(await readFile(inRepository('harness', 'host', 'dependencies.txt'), 'utf8'))
  assert.deepEqual(
    found.map((need) => need.what),
    list.map((need) => need.what),
  )
  const [qemu] = found
  assert.deepEqual([qemu?.what, qemu?.path, qemu?.version], ['qemu-system-x86_64', null, null])
  const keyring = found.find((need) => need.package === 'debian-archive-keyring')
  assert.match(keyring?.path ?? '', /^\/usr\/share\/keyrings\/debian-archive-keyring\.gpg$/)
  assert.match(keyring?.version ?? '', /^\d{4}\./)
})
