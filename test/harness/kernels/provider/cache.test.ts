import assert from 'node:assert/strict'
import { chmod, cp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { entryPath, findCorrupt, imageOf, listEntries, publishEntry, readManifest } from '#harness/kernels/provider/cache.ts'
import { replaceFile } from '#harness/support/workspace.ts'
import type { Kernel } from '#domain/kernel.ts'
import { flipByte, temporaryFolder } from '#test/helpers/kernel-images.ts'

const KERNEL: Kernel = {
  id: 'file-1.2.3-abc',
  provider: 'file',
  version: '1.2.3',
  series: '1.2.y',
  build: 'abc',
  flavour: 'custom',
  arch: 'x86_64',
}

async function given(t: Parameters<typeof temporaryFolder>[0]) {
  const cache = await temporaryFolder(t)
  const entry = entryPath({ cache, state: cache }, KERNEL.id, 'f'.repeat(64))
  const manifest = await publishEntry(entry, KERNEL, 'a test', (folder) => writeFile(join(folder, 'bzImage'), 'a kernel'))
  return { cache, entry, manifest }
}

test('a published entry reads back unchanged', async (t) => {
  const { cache, entry, manifest } = await given(t)
  assert.deepEqual(await listEntries({ cache, state: cache }), [{ entry, manifest }])
  assert.equal(await findCorrupt(entry, manifest), null)
  const image = imageOf(entry, manifest)
  assert.deepEqual([image.bzImage, image.vmlinux, image.config, image.modules], [join(entry, 'bzImage'), null, null, null])
  assert.equal(image.sha256, manifest.files['bzImage']?.sha256)
})

test('the entries of a kernel do not include those of one whose id starts with its id', async (t) => {
  const { cache, entry, manifest } = await given(t)
  const workspace = { cache, state: cache }
  const longer = { ...KERNEL, id: `${KERNEL.id}@2` }
  const other = entryPath(workspace, longer.id, 'e'.repeat(64))
  const others = await publishEntry(other, longer, 'a test', (folder) => writeFile(join(folder, 'bzImage'), 'a kernel'))
  assert.deepEqual(await listEntries(workspace, KERNEL.id), [{ entry, manifest }])
  assert.deepEqual(await listEntries(workspace, longer.id), [{ entry: other, manifest: others }])
  assert.deepEqual(await listEntries(workspace, 'file-1.2.3'), [])
})

test('findCorrupt finds a changed byte, a truncated file and a missing file; a new date alone is not corruption', async (t) => {
  const { entry, manifest } = await given(t)
  const path = join(entry, 'bzImage')
  await utimes(path, new Date(0), new Date(0))
  assert.equal(await findCorrupt(entry, manifest), null)
  await flipByte(path)
  assert.equal(await findCorrupt(entry, manifest), path)
  await writeFile(path, 'a ker')
  assert.equal(await findCorrupt(entry, manifest), path)
  await rm(path)
  assert.equal(await findCorrupt(entry, manifest), path)
})

test('a file that this user may not read is corrupt, whatever its date', async (t) => {
  const { cache, entry, manifest } = await given(t)
  const path = join(entry, 'bzImage')
  for (const folder of [cache, join(cache, 'kernels'), entry]) await chmod(folder, 0o755)
  await chmod(path, 0)
  const isRoot = process.geteuid?.() === 0
  // Root may read everything: nobody may not.
  if (isRoot) process.seteuid?.(65534)
  try {
    assert.equal(await findCorrupt(entry, manifest), path)
    const older = { ...manifest, files: { bzImage: { ...manifest.files['bzImage']!, mtimeMs: 1 } } }
    assert.equal(await findCorrupt(entry, older), path)
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
  await chmod(path, 0o640)
  assert.equal(await findCorrupt(entry, manifest), null)
})

test('an entry with an unreadable manifest is ignored', async (t) => {
  const { cache, entry } = await given(t)
  await writeFile(join(entry, 'manifest.json'), '{"schema":')
  assert.equal(await readManifest(entry), null)
  assert.deepEqual(await listEntries({ cache, state: cache }), [])
})

test('an entry that holds another kernel, or no image, is missing, and made again in its place', async (t) => {
  const { cache, entry } = await given(t)
  const workspace = { cache, state: cache }
  const other = { ...KERNEL, id: 'file-1.2.4-def' }
  const theirs = entryPath(workspace, other.id, 'e'.repeat(64))
  await publishEntry(theirs, other, 'a test', (folder) => writeFile(join(folder, 'bzImage'), 'another kernel'))
  const replaced = async (by: () => Promise<void>) => {
    await by()
    assert.deepEqual(
      (await listEntries(workspace)).map((one) => one.manifest.kernel.id),
      [other.id],
    )
    await publishEntry(entry, KERNEL, 'again', (folder) => writeFile(join(folder, 'bzImage'), 'a kernel'))
    assert.equal(await readFile(join(entry, 'bzImage'), 'utf8'), 'a kernel')
    assert.equal((await listEntries(workspace)).length, 2)
  }
  await replaced(async () => {
    await rm(entry, { recursive: true })
    await cp(theirs, entry, { recursive: true, preserveTimestamps: true })
  })
  await replaced(async () => {
    const manifest = JSON.parse(await readFile(join(entry, 'manifest.json'), 'utf8')) as { files: unknown }
    await writeFile(join(entry, 'manifest.json'), JSON.stringify({ ...manifest, files: {} }))
  })
})

test('an entry with an unreadable manifest is made again in its place', async (t) => {
  const { cache, entry } = await given(t)
  for (const damaged of ['{"schema":', '{"schema":"kwitness.kernel-cache/1"}', 'null']) {
    await writeFile(join(entry, 'manifest.json'), damaged)
    const again = await publishEntry(entry, KERNEL, 'again', (folder) => writeFile(join(folder, 'bzImage'), 'another'))
    assert.equal(again.origin, 'again')
    assert.deepEqual(await listEntries({ cache, state: cache }), [{ entry, manifest: again }])
    assert.equal(await findCorrupt(entry, again), null)
  }
})

test('when fill throws, no entry and no temporary folder remain', async (t) => {
  const { cache } = await given(t)
  const entry = entryPath({ cache, state: cache }, 'file-9-9', '0'.repeat(64))
  await assert.rejects(
    publishEntry(entry, KERNEL, '', () => Promise.reject(new Error('no'))),
    /no/,
  )
  assert.equal((await readdir(join(cache, 'kernels'))).length, 1)
})

test('many concurrent writers replace a file as a whole', async (t) => {
  const path = join(await temporaryFolder(t), 'file')
  const texts = Array.from({ length: 20 }, (_, number) => String(number).repeat(10_000))
  await Promise.all(texts.map((text) => replaceFile(path, text)))
  assert.ok(texts.includes(await readFile(path, 'utf8')))
  assert.deepEqual(await readdir(join(path, '..')), ['file'])
})
