/** Which boot method is taken first: the one that worked before, unless a faster one may have failed by the host's fault. */
import assert from 'node:assert/strict'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { methodNote, readMethod } from '#harness/boot/qemu/boot.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const failed = (end: Parameters<typeof methodNote>[1][number]['end'], lacksRoom = false) => ({ end, lacksRoom })

test('a slower method is noted for good only where the faster ones failed by the kernel or by QEMU', async (t) => {
  const file = join(await temporaryFolder(t), 'note')
  assert.equal(await readMethod(file), null)
  const noted = async (failures: Parameters<typeof methodNote>[1], hoursAgo: number) => {
    await writeFile(file, methodNote('pc-bzimage', failures))
    const at = new Date(Date.now() - hoursAgo * 3_600_000)
    await utimes(file, at, at)
    return readMethod(file)
  }
  for (const sure of [[], [failed('guest ended')], [failed('QEMU gave up'), failed('guest ended')]]) {
    assert.equal(await noted(sure, 1000), 'pc-bzimage')
  }
  for (const doubtful of [
    [failed('silent')],
    [failed('guest ended'), failed('QEMU was killed')],
    [failed('guest ended', true)],
  ]) {
    assert.equal(await noted(doubtful, 0.5), 'pc-bzimage', 'a kernel that always hangs there does not cost its limit each time')
    assert.equal(await noted(doubtful, 2), null)
    assert.equal(await noted(doubtful, -2), null, 'the clock was set back')
  }
})
