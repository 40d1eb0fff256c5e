/** The cache of derived texts: what is in it comes back, and whatever is wrong with its file costs nothing but time. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTextCache } from '#store/derived/text-cache.ts'
import { temporaryFolder } from '../helpers/evidence.ts'

test('texts come back by their names, the last one written, to the next process too', async (t) => {
  const path = join(await temporaryFolder(t), 'derived.sqlite')
  const cache = openTextCache(path)
  assert.equal(cache.read('a'), null)
  cache.write(
    new Map([
      ['a', '1'],
      ['b', '2'],
    ]),
  )
  cache.write(new Map([['a', '3']]))
  cache.close()
  const next = openTextCache(path)
  t.after(() => next.close())
  assert.deepEqual([next.read('a'), next.read('b'), next.read('c')], ['3', '2', null])
})

test('a damaged file, a folder in its place and a place that cannot be written know nothing and keep nothing', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'damaged'), Buffer.alloc(8192, 'no database '))
  await mkdir(join(folder, 'folder'))
  for (const path of [join(folder, 'damaged'), join(folder, 'folder'), '/proc/kwitness/derived.sqlite']) {
    const cache = openTextCache(path)
    cache.write(new Map([['a', '1']]))
    assert.equal(cache.read('a'), null, path)
    cache.close()
  }
})

test('two that write at once both keep theirs', async (t) => {
  const path = join(await temporaryFolder(t), 'derived.sqlite')
  const [one, two] = [openTextCache(path), openTextCache(path)]
  one.write(new Map([['a', '1']]))
  two.write(new Map([['b', '2']]))
  assert.deepEqual([one.read('b'), two.read('a')], ['2', '1'])
  one.close()
  two.close()
})
