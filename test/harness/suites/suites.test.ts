/** Programs of a suite built from a tree: cached by content, with a reason for each that does not build. */
import assert from 'node:assert/strict'
import { access, cp, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { REPOSITORY } from '#harness/support/repository.ts'
import type { KernelProgress } from '#harness/kernels/index.ts'
import { runCommand } from '#harness/support/process.ts'
import { buildSuite, reasonOf } from '#harness/suites/build.ts'
import { installedLibraries } from '#harness/suites/libraries.ts'
import { readSuite } from '#run/prepare/catalogue.ts'

const suite = await readSuite(join(REPOSITORY, 'harness', 'suites', 'kselftest-mm.json'))
const SELFTESTS = join('tools', 'testing', 'selftests', 'mm')
const wanted = (...ids: string[]) => suite.programs.filter(({ id }) => ids.includes(id))

async function place(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-suite-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const tree = join(folder, 'linux')
  await cp(join(REPOSITORY, 'test', 'e2e', 'suite'), tree, { recursive: true })
  const messages: string[] = []
  const context = {
    workspace: { cache: join(folder, 'cache'), state: folder },
    progress: ({ message }: KernelProgress) => void messages.push(message),
  }
  const build = (ids: readonly string[], key = 'abc', version = '6.3.1') =>
    buildSuite(suite, wanted(...ids), { folder: tree, version, key }, context)
  return { tree, messages, build, context }
}

test('programs are built once, statically, and named by the hash of their inputs', async (t) => {
  const { tree, messages, build } = await place(t)
  const { programs, notInTree, notBuilt } = await build(['cow', 'mlock2-tests', 'madv_populate', 'pagemap_ioctl'])
  assert.deepEqual([...programs.keys()].toSorted(), ['cow', 'mlock2-tests'])
  assert.deepEqual(notInTree, ['pagemap_ioctl'])
  assert.deepEqual(
    notBuilt.map(({ program }) => program),
    ['madv_populate'],
  )
  assert.match(notBuilt[0]?.why ?? '', /undefined reference to .not_there/)
  const path = programs.get('cow')?.path ?? ''
  assert.ok((await stat(path)).mode & 0o100)
  assert.doesNotMatch((await runCommand('readelf', ['--program-headers', path])).stdout, /INTERP/, 'it asks for no loader')
  await assert.rejects(access(join(tree, 'usr')), 'the source stays as it is')

  messages.length = 0
  const again = await build(['cow', 'madv_populate'])
  assert.deepEqual([again.programs.get('cow'), again.notBuilt], [programs.get('cow'), notBuilt])
  assert.deepEqual(messages, [], 'nothing is built again, not even what failed')
  const other = await build(['cow'], 'another tree')
  assert.notEqual(other.programs.get('cow')?.sha256, programs.get('cow')?.sha256)
})

test('one program with two set-ups is built twice; two calls with one set-up, once', async (t) => {
  const { build } = await place(t)
  const { programs } = await build(['hugepage-mremap', 'mlock2-tests', 'map_populate'])
  const sums = new Set([...programs.values()].map(({ sha256 }) => sha256))
  assert.equal(sums.size, 3)
})

test('a program with a first release is left out of older trees', async (t) => {
  const { tree, build } = await place(t)
  await cp(join(tree, SELFTESTS, 'mlock2-tests.c'), join(tree, SELFTESTS, 'transhuge-stress.c'))
  assert.deepEqual((await build(['transhuge-stress'])).notInTree, ['transhuge-stress'])
  assert.deepEqual((await build(['transhuge-stress'], 'abc', '6.4')).notInTree, [])
})

test('a tree that cannot make headers uses those of this host, and reports it', async (t) => {
  const { tree, messages, build } = await place(t)
  await writeFile(join(tree, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 1\n')
  const { programs, notBuilt } = await build(['cow', 'mlock2-tests'])
  assert.deepEqual([...programs.keys()], ['mlock2-tests'])
  assert.match(notBuilt[0]?.why ?? '', /of_this_tree\.h/)
  assert.ok(
    messages.some((line) => /the tree cannot make headers, so this host's are used: .*headers/.test(line)),
    messages.join('\n'),
  )
})

test('a tree without the suite is a UserError', async (t) => {
  const { tree, build } = await place(t)
  await rm(join(tree, 'tools'), { recursive: true })
  await assert.rejects(build(['cow']), { name: 'UserError', message: /does not have kselftest:mm: neither .*\/mm nor .*\/vm/ })
})

test('the reason is the first error line of make', () => {
  const warning = "/a b/x.c: In function 'f':\n/tmp/1/x.c:3:2: warning: unused\n"
  const messages = `${warning}/tmp/1/x.c:9:1: error: 'y' undeclared\nmake: *** [x] Error 1\n`
  assert.equal(reasonOf(messages), "x.c:9:1: error: 'y' undeclared")
  assert.equal(reasonOf('/usr/bin/ld: cannot find -lcap: No such file\n'), 'ld: cannot find -lcap: No such file')
  assert.equal(reasonOf("make: *** No rule to make target '/o/x'.  Stop.\n"), "make: *** No rule to make target '/o/x'.  Stop.")
  assert.equal(reasonOf(''), 'make failed without a message')
})

test('an installed static library is an input of the programs', async (t) => {
  const { context } = await place(t)
  const path = join(context.workspace.state, 'libx.a')
  assert.deepEqual(await installedLibraries([path]), [])
  await writeFile(path, 'x')
  assert.match((await installedLibraries([path])).join(), /^[0-9a-f]{64} .*libx\.a$/)
})
