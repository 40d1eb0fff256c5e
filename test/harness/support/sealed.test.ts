import assert from 'node:assert/strict'
import { mkdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeJsonCache, readJsonCache } from '#harness/support/json-cache.ts'
import { isIntact, publishSealed } from '#harness/support/sealed.ts'
import { isShortage, publishFolder, whenUnreadable } from '#harness/support/workspace.ts'
import { tscSchema } from '#schema/cache/host.ts'
import { temporaryFolder } from '#test/helpers/evidence.ts'

/** Ways in which a file or folder of the cache comes to harm. */
const DAMAGES: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  empty: (path) => truncate(path),
  cut: async (path) => truncate(path, (await readFile(path)).length - 1),
  changed: async (path) => writeFile(path, (await readFile(path, 'latin1')).replace(/.$/s, '!')),
  missing: (path) => rm(path),
  'a folder': async (path) => {
    await rm(path)
    await mkdir(join(path, 'with something in it'), { recursive: true })
  },
}

test('a sealed entry is intact until a file of it comes to harm, and then made again', async (t) => {
  const entry = join(await temporaryFolder(t), 'programs', 'entry')
  const fill = async (folder: string) => {
    await writeFile(join(folder, 'program'), 'an ELF file')
    await writeFile(join(folder, 'other'), 'more')
  }
  assert.equal(await isIntact(entry), false)
  assert.equal(await publishSealed(entry, fill), entry)
  await utimes(join(entry, 'program'), 1, 1)
  assert.equal(await isIntact(entry), true, 'a new date alone is no harm')
  for (const [name, damage] of Object.entries(DAMAGES)) {
    for (const file of ['program', 'sealed.json']) {
      await damage(join(entry, file))
      const isHarmless = file === 'sealed.json' && name === 'missing'
      assert.equal(await isIntact(entry), isHarmless, `${file} ${name}`)
      await publishSealed(entry, fill)
      assert.equal(await isIntact(entry), true, `${file} ${name}`)
    }
  }
  await rm(entry, { recursive: true })
  await writeFile(entry, 'a file where the entry was')
  assert.equal(await isIntact(entry), false)
  await publishSealed(entry, fill)
  assert.equal(await isIntact(entry), true)
})

test('an entry of an older kwitness, without a seal, needs content in each file', async (t) => {
  const entry = join(await temporaryFolder(t), 'entry')
  await publishFolder(entry, (folder) => writeFile(join(folder, 'program'), 'an ELF file'))
  assert.equal(await isIntact(entry), true)
  await truncate(join(entry, 'program'))
  assert.equal(await isIntact(entry), false)
})

test('a JSON file of the cache is written over whatever lies in its place', async (t) => {
  const path = join(await temporaryFolder(t), 'host', 'tsc.json')
  const value = { cpuModel: 'm', khz: 3_000_000 }
  await writeJsonCache(path, value)
  for (const [name, damage] of Object.entries(DAMAGES)) {
    await damage(path)
    assert.equal(await readJsonCache(path, tscSchema), null, name)
    await writeJsonCache(path, value)
    assert.deepEqual(await readJsonCache(path, tscSchema), value, name)
  }
})

test('want of open files or memory is no missing file', () => {
  assert.equal(whenUnreadable('none')(Object.assign(new Error('x'), { code: 'EISDIR' })), 'none')
  for (const code of ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']) {
    assert.throws(() => whenUnreadable(null)(Object.assign(new Error('x'), { code })), { code })
    assert.ok(isShortage(new Error('a child did not start', { cause: { code } })))
  }
})
