import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buildExternalModules, firstError, namedModule } from '#harness/image/external-module.ts'
import { writePayload } from '#harness/image/payload.ts'
import type { ModuleNeed } from '#domain/case.ts'
import type { Kernel } from '#domain/kernel.ts'

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-module-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The module that a case with one need gets on a kernel from a file. */
async function buildFor(t: TestContext, need: ModuleNeed, version: string, source: string | null) {
  const folder = await temporaryFolder(t)
  if (source !== null) await writeFile(join(folder, `${need.name}.c`), source)
  const id = `file-${version}-0123456789ab`
  const kernel: Kernel = { id, provider: 'file', version, series: 'x', build: 'x', flavour: 'custom', arch: 'x86_64' }
  const needs = { cpus: 1, memoryMiB: 512, modules: [], externalModules: [need], cmdline: [] }
  return buildExternalModules({ folder, needs }, kernel, { workspace: { cache: join(folder, 'cache'), state: folder } })
}

test('a module is needed before a release, also on its candidates, and not from it on', async (t) => {
  const need = { name: 'probe', until: '6.12' }
  const bound = [{ name: 'probe', missing: 'not built: the case needs it only on kernels before 6.12' }]
  for (const version of ['6.12', '6.12.3', '6.18.1', '7.3~rc7']) assert.deepEqual(await buildFor(t, need, version, ''), bound)
  const asked = [{ name: 'probe', missing: 'a kernel image from a file comes with no headers' }]
  for (const version of ['5.10.262', '6.1.192', '6.12-rc3']) assert.deepEqual(await buildFor(t, need, version, ''), asked)
  assert.deepEqual(await buildFor(t, { ...need, until: null }, '7.3.4', ''), asked)
})

test('a missing source is a UserError', async (t) => {
  const need = { name: 'probe', until: null }
  const message = /has no probe\.c, which its case\.json names/
  await assert.rejects(buildFor(t, need, '6.1.5', null), { name: 'UserError', message })
})

test('the reason is the first error line of make, without the build folder', () => {
  const said = [
    'warning: the compiler differs from the one used to build the kernel',
    '/tmp/scratch/1-x/probe.c:7:2: warning: unused',
    "/tmp/scratch/1-x/probe.c:9:1: error: 'x' undeclared",
    'make[1]: *** [Makefile:9: probe.o] Error 1',
  ]
  assert.equal(firstError(said.join('\n'), '/tmp/scratch/1-x'), "probe.c:9:1: error: 'x' undeclared")
  const old = "scripts/mod/modpost: /lib/libc.so.6: version `GLIBC_2.38' not found (required by scripts/mod/modpost)"
  const words = 'its kbuild programs need GLIBC_2.38, which this host does not have'
  assert.equal(firstError(`${old}\nmake[2]: *** [x] Error 1\n`, '/x'), words)
  assert.equal(firstError('something else\n\n', '/x'), 'something else')
  assert.equal(firstError('', '/x'), 'make failed without a message')
})

test('a job names a module by its hash; the guest gets the file, or the reason in one line', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'entry')
  await writeFile(path, 'the module')
  const there = { name: 'probe', path, sha256: 'abc' }
  const missing = { name: 'other', missing: 'no headers' }
  assert.deepEqual([there, missing].map(namedModule), [{ name: 'probe', sha256: 'abc' }, missing])
  const payload = join(folder, 'payload')
  await writePayload(payload, { program: path, args: [], modules: [], externalModules: [there, missing] })
  const archive = await readFile(payload, 'latin1')
  assert.match(archive, /probe\.ko\0+the module/)
  assert.match(archive, /other\.missing\0+no headers\n/)
})
