/** The QEMU that is hashed is the first in PATH, and it is hashed again when it changes. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hashQemu } from '#harness/boot/qemu/binary.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

test('the hash is that of the first QEMU in PATH, also after it was replaced', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-qemu-'))
  const { PATH } = process.env
  t.after(async () => {
    process.env['PATH'] = PATH
    await rm(folder, { recursive: true })
  })
  const [empty, first, second] = ['empty', 'first', 'second'].map((name) => join(folder, name))
  for (const place of [empty, first, second]) await mkdir(place ?? '')
  const qemu = join(first ?? '', 'qemu-system-x86_64')
  process.env['PATH'] = [empty, first, second].join(':')
  assert.equal(await hashQemu(folder), null)
  await writeFile(join(second ?? '', 'qemu-system-x86_64'), 'second')
  assert.equal(await hashQemu(folder), sha256('second'))
  await writeFile(qemu, 'first')
  assert.equal(await hashQemu(folder), sha256('first'))
  assert.equal(await hashQemu(folder), sha256('first'))
  await writeFile(qemu, 'FIRST')
  await utimes(qemu, 1, 1)
  assert.equal(await hashQemu(folder), sha256('FIRST'))
})
