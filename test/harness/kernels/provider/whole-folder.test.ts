/** A large folder of the cache is whole as long as no file of it is missing, other, new or changed. */
import assert from 'node:assert/strict'
import { mkdir, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand } from '#harness/support/process.ts'
import { isWhole, markWhole } from '#harness/kernels/provider/whole-folder.ts'
import { flipByte, temporaryFolder } from '#test/helpers/kernel-images.ts'

test('a folder is whole until anything in it changes', async (t) => {
  const root = await temporaryFolder(t)
  const marked = join(root, 'marked')
  await mkdir(join(marked, 'include', 'asm'), { recursive: true })
  await writeFile(join(marked, 'Makefile'), 'all:\n')
  await writeFile(join(marked, 'include', 'a b.h'), 'int x;\n')
  await symlink('../a b.h', join(marked, 'include', 'asm', 'link.h'))
  const before = new Date(Date.now() - 60_000)
  for (const name of ['Makefile', 'include/a b.h']) await utimes(join(marked, name), before, before)
  assert.equal(await isWhole(marked), false, 'nobody marked it')
  await markWhole(marked)
  assert.ok(await isWhole(marked))
  const header = (folder: string) => join(folder, 'include', 'a b.h')
  const damages: Readonly<Record<string, (folder: string) => Promise<void>>> = {
    missing: (folder) => rm(header(folder)),
    cut: (folder) => truncate(header(folder), 2),
    empty: (folder) => truncate(header(folder), 0),
    flipped: (folder) => flipByte(header(folder)),
    new: (folder) => writeFile(join(folder, 'include', 'new.h'), ''),
    'a folder in its place': async (folder) => {
      await rm(header(folder))
      await mkdir(header(folder))
    },
    'a link elsewhere': async (folder) => {
      await rm(join(folder, 'include', 'asm', 'link.h'))
      await symlink('../../Makefile', join(folder, 'include', 'asm', 'link.h'))
    },
    unmarked: (folder) => rm(join(folder, '.whole')),
    'mark cut': (folder) => truncate(join(folder, '.whole'), 10),
  }
  for (const [name, damage] of Object.entries(damages)) {
    const folder = join(root, name)
    // cp() of Node keeps times to the millisecond.
    await runCommand('cp', ['--archive', marked, folder])
    assert.ok(await isWhole(folder), `${name}: a copy with its times is whole`)
    await damage(folder)
    assert.equal(await isWhole(folder), false, name)
  }
})
