import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeTemporaryFolder, openScratch, probeWorkspace } from '#harness/support/scratch.ts'

test('a scratch folder stays while its process lives, and a later process removes it', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'kwitness-scratch-'))
  t.after(() => rm(cache, { recursive: true }))
  const own = await openScratch(cache)
  await writeFile(join(own, 'ram'), 'x')

  /* The process has ended, and the kernel does not reuse its id soon. */
  const dead = `${spawnSync('true').pid}-dead`
  await mkdir(join(cache, 'scratch', dead))
  await writeFile(join(cache, 'scratch', dead, 'ram'), 'x')
  await mkdir(join(cache, 'scratch', 'nobody'))

  const next = await openScratch(cache)
  assert.notEqual(next, own)
  assert.deepEqual((await readdir(join(cache, 'scratch'))).toSorted(), [own, next].map((path) => basename(path)).toSorted())
  assert.deepEqual(await readdir(own), ['ram'])
  assert.deepEqual(await readdir(next), [])
})

const ownTmpdir = process.env['TMPDIR']

/** Set TMPDIR until the test ends. */
function setTmpdir(t: TestContext, folder: string): void {
  process.env['TMPDIR'] = folder
  t.after(() => {
    if (ownTmpdir === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = ownTmpdir
  })
}

test('a TMPDIR that is missing or takes nothing is said, before the work too', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-scratch-'))
  t.after(() => rm(folder, { recursive: true }))
  const workspace = { cache: join(folder, 'cache'), state: join(folder, 'state') }
  await probeWorkspace(workspace)
  for (const [name, code] of [
    ['/nonexistent', 'ENOENT'],
    ['/dev/null', 'ENOTDIR'],
    ['/proc', 'ENOENT'],
  ] as const) {
    setTmpdir(t, name)
    const refused = {
      name: 'InfraError',
      message: `cannot write ${name}: ${code}`,
      hint: 'set TMPDIR to a folder that can be written',
    }
    await assert.rejects(makeTemporaryFolder(), refused)
    await assert.rejects(probeWorkspace(workspace), refused)
  }
  await assert.rejects(probeWorkspace({ ...workspace, state: '/proc/x' }), {
    message: 'cannot write /proc/x: ENOENT',
    hint: /KWITNESS_STATE/,
  })
})

test('a TMPDIR whose path is too long for a socket in it is not used', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-scratch-'))
  t.after(() => rm(folder, { recursive: true }))
  const long = join(folder, 'a'.repeat(60), 'b'.repeat(40))
  await mkdir(long, { recursive: true })
  setTmpdir(t, long)
  const made = await makeTemporaryFolder()
  t.after(() => rm(made, { recursive: true }))
  assert.equal(dirname(made), '/tmp')
})
