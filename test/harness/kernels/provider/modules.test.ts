import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { loadOrder, moduleName, plainModules } from '#harness/kernels/provider/modules.ts'
import { runCommand } from '#harness/support/process.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const DEP = `kernel/drivers/char/virtio_console.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/block/null-blk.ko.xz:
`

test('the dependencies of a module come before it, each once', () => {
  assert.deepEqual(loadOrder(DEP, '', ['virtio_console', 'virtio', 'null_blk']), {
    paths: [
      'kernel/drivers/virtio/virtio_ring.ko',
      'kernel/drivers/virtio/virtio.ko',
      'kernel/drivers/char/virtio_console.ko',
      'kernel/drivers/block/null-blk.ko.xz',
    ],
    missing: [],
  })
})

test('dashes equal underscores, built-in modules need no file, unknown names are returned as missing', () => {
  assert.equal(moduleName('kernel/drivers/block/null-blk.ko.xz'), 'null_blk')
  assert.deepEqual(loadOrder(DEP, 'kernel/fs/fuse/fuse.ko\n', ['null-blk', 'fuse', 'nosuch']), {
    paths: ['kernel/drivers/block/null-blk.ko.xz'],
    missing: ['nosuch'],
  })
})

test('loadOrder throws for no text and returns no path twice', () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...DEP.split('\n')), fc.string())).map((lines) => lines.join('\n'))
  fc.assert(
    fc.property(text, fc.array(fc.string()), (dep, names) => {
      const { paths } = loadOrder(dep, '', ['virtio_console', ...names])
      assert.equal(new Set(paths).size, paths.length)
    }),
  )
})

test('compressed modules are decompressed', async (t) => {
  const folder = await temporaryFolder(t)
  const tree = join(folder, 'tree')
  await mkdir(tree)
  const body = Buffer.from('\x7fELF a module')
  await writeFile(join(tree, 'a.ko'), body)
  await writeFile(join(tree, 'b.ko'), body)
  await runCommand('xz', [join(tree, 'b.ko')])
  await writeFile(join(tree, 'c.ko.zst'), zstdCompressSync(body))
  await writeFile(join(tree, 'd.ko.gz'), gzipSync(body))
  await writeFile(join(tree, 'modules.dep'), 'a.ko: b.ko.xz\nb.ko.xz:\nc.ko.zst:\nd.ko.gz:\n')
  const context = { workspace: { cache: folder, state: folder } }
  const modules = await plainModules(tree, join(folder, 'plain'), 'test', ['a', 'c', 'd'], context)
  assert.deepEqual(
    modules.map(({ name }) => name),
    ['b', 'a', 'c', 'd'],
  )
  for (const { path } of modules) assert.deepEqual(await readFile(path), body)
})
