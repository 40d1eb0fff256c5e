import assert from 'node:assert/strict'
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { qemuArguments, type GuestMemory } from '#harness/boot/qemu/argv.ts'
import { snapshotProvenance, savedAt } from '#harness/boot/snapshot/provenance.ts'
import { ramFile } from '#harness/boot/snapshot/compress.ts'
import { stateFile } from '#harness/boot/snapshot/snapshot.ts'
import { temporaryFolder } from '#test/helpers/kernel-images.ts'

const argvWith = (memory: GuestMemory): string[] =>
  qemuArguments({
    bootMethod: 'microvm-pvh',
    profile: { arch: 'x86_64', accelerator: 'tcg', cpus: 1, memoryMiB: 512, cmdline: ['share=off'] },
    kernel: '/k/vmlinux',
    initramfs: '/i/initramfs.cpio',
    memory,
    payload: '/p/payload',
    tscKhz: 2596000,
  })

test('the arguments of a restored guest name its snapshot, those of a booted guest none', () => {
  for (const folder of ['/cache/guests/abc', '/a, b,mem-path=c,share=off/abc']) {
    assert.deepEqual(snapshotProvenance(argvWith({ kind: 'private', file: ramFile(folder) })), { folder, key: 'abc' })
    assert.equal(snapshotProvenance(argvWith({ kind: 'template', file: ramFile(folder) })), null)
  }
  assert.equal(snapshotProvenance(argvWith({ kind: 'plain' })), null)
  assert.equal(snapshotProvenance([]), null)
})

test('the time of a snapshot is that of its state file; null when it is removed', async (t) => {
  const folder = join(await temporaryFolder(t), 'abc')
  await mkdir(folder)
  await writeFile(stateFile(folder), '')
  const when = new Date('2026-11-21T10:00:00.000Z')
  await utimes(stateFile(folder), when, when)
  assert.equal(await savedAt({ folder, key: 'abc' }), when.getTime())
  await rm(folder, { recursive: true })
  assert.equal(await savedAt({ folder, key: 'abc' }), null)
})
