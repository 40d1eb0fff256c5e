/** Commands that fill the cache and start no guest: Ctrl-C and kill -9 leave nothing half done, and the next start completes. */
import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { findWorkspace } from '#harness/support/workspace.ts'
import { newPlace, runCli, startCli, until, type Place } from '../helpers/cli.ts'

/** A place with an empty cache, but for Node and the lists of the archive. */
async function emptyPlace(t: TestContext): Promise<Place> {
  const place = await newPlace()
  t.after(() => place.remove())
  const cache = join(place.folder, 'empty')
  await mkdir(cache)
  for (const name of ['node-24', 'compile', 'apt']) {
    const shared = join(findWorkspace().cache, name)
    if (existsSync(shared)) await symlink(shared, join(cache, name))
  }
  return { ...place, cache }
}

/** Something unfinished in this folder of the cache. */
const unfinished = (place: Place, folder: string): string | undefined => globSync(join(place.cache, folder, '*tmp-*'))[0]

const WORDS = {
  programs: (place: Place) => ['cases', 'build', '--all', '--out', join(place.folder, 'program')],
  kernels: () => ['kernels', 'pull', 'debian:6.1.*:newest'],
} as const

for (const folder of ['programs', 'kernels'] as const) {
  test(`Ctrl-C while ${folder} are made is exit 130, and nothing unfinished stays`, async (t) => {
    const place = await emptyPlace(t)
    const words = WORDS[folder](place)
    const cli = startCli(place, words)
    await until('something unfinished', () => unfinished(place, folder))
    cli.kill('SIGINT')
    assert.equal((await cli.ended).code, 130)
    assert.equal(unfinished(place, folder), undefined)
    assert.equal(existsSync(join(place.folder, 'program')), false)
  })

  test(`after kill -9 while ${folder} are made the next start completes and clears up`, async (t) => {
    const place = await emptyPlace(t)
    const words = WORDS[folder](place)
    const cli = startCli(place, words)
    await until('something unfinished', () => unfinished(place, folder))
    cli.kill('SIGKILL')
    await cli.ended
    assert.ok(unfinished(place, folder))
    const { code, stderr } = await runCli(place, words)
    assert.equal(code, 0, stderr)
    assert.equal(unfinished(place, folder), undefined)
  })
}
