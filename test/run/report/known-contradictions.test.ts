/** Cases held against the changelogs in the cache, as `kwitness cases show` does: what it prints, and its exit code. */
import assert from 'node:assert/strict'
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { storeChangelog } from '#harness/kernels/debian/changelog-cache.ts'
import { inRepository } from '#harness/support/repository.ts'
import { CATALOGUE, readCatalogue, selectCases } from '#run/prepare/catalogue.ts'
import { knownContradictions } from '#run/report/known-contradictions.ts'
import { changelog } from '#test/helpers/changelogs.ts'
import { newPlace, runCli } from '#test/helpers/cli.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'

const ID = 'uffd-eagain-output'
const SUBJECT = 'mm/userfaultfd: fix uninitialized output field for -EAGAIN race'

/** A cache whose one changelog has the list of 6.12.29 with the fix. */
async function cacheWith(cache: string): Promise<void> {
  const text = changelog([{ build: '6.12.30-1', lists: { '6.12.29': [SUBJECT], '6.12.30': ['net: another'] } }])
  await storeChangelog(gzipSync(text), { cache, state: cache })
}

test('no case of the catalogue contradicts the changelog, and an empty cache says nothing', async (t) => {
  const cache = await temporaryFolder(t)
  const cases = await readCatalogue(CATALOGUE)
  const found = async () => [...(await knownContradictions(cases, { workspace: { cache, state: cache } })).values()].flat()
  assert.deepEqual(await found(), [])
  await cacheWith(cache)
  assert.deepEqual(await found(), [])
  // A changelog that cannot be read any more must not take the others with it.
  const broken = await storeChangelog(gzipSync('linux (6.12.99-1) sid\n\n  * x\n'), { cache, state: cache })
  await writeFile(broken?.path ?? '', 'not gzip')
  const [one] = selectCases(cases, [ID])
  assert.ok(one)
  const wrong = { ...one, claim: { ...one.claim, stable: { '6.12.y': '6.12.30' } } }
  const [only] = (await knownContradictions([wrong], { workspace: { cache, state: cache } })).get(ID) ?? []
  assert.deepEqual([only?.kind, only?.listed], ['other-release', '6.12.29'])
})

test('cases show: exit 1 and both releases where a changelog contradicts the case', async () => {
  const place = await newPlace('guests')
  try {
    const catalogue = join(place.folder, 'catalogue')
    await cp(inRepository('c-tests', ID), join(catalogue, ID), { recursive: true })
    // The changelogs of this machine must not have a say.
    const own = { ...place, cache: join(place.folder, 'own') }
    await mkdir(own.cache)
    await symlink(join(place.cache, 'node-24'), join(own.cache, 'node-24'))
    await cacheWith(own.cache)
    const file = join(catalogue, ID, 'case.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace('"6.12.29"', '"6.12.30"'))
    const show = (...words: string[]) => runCli(own, ['cases', 'show', ID, '--catalogue', catalogue, ...words])
    const text = await show()
    assert.equal(text.code, 1, text.stderr)
    assert.match(text.stdout, /^ {2}contradicted .*6\.12\.y has it since 6\.12\.30, and the changelog lists it in 6\.12\.29$/m)
    const json = await show('--json')
    const [{ contradictions }] = JSON.parse(json.stdout)
    assert.deepEqual([json.code, contradictions[0].kind, contradictions[0].release], [1, 'other-release', '6.12.30'])
  } finally {
    await place.remove()
  }
})
