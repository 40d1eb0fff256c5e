import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { extractVmlinux, isX86Elf, compressionOf, readBootHeader } from '#harness/kernels/provider/vmlinux.ts'
import { fakeBzImage, fakeVmlinux, packPayload, temporaryFolder } from '#test/helpers/kernel-images.ts'

const BANNER = '6.1.0-47-cloud-amd64 (debian-kernel@lists.example.org) #1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-05-14)'
const ELF = fakeVmlinux(BANNER, Buffer.alloc(100_000, 'kernel text '))

for (const packing of ['gzip', 'xz', 'zstd', 'none'] as const) {
  test(`extractVmlinux returns the ELF of an image compressed with ${packing} unchanged`, async (t) => {
    const payload = await packPayload(ELF, packing)
    assert.equal(compressionOf(payload), packing === 'none' ? null : packing)
    const target = join(await temporaryFolder(t), 'vmlinux')
    assert.equal(await extractVmlinux(fakeBzImage(BANNER, payload), target), null)
    assert.deepEqual(await readFile(target), ELF)
  })
}

test('the boot header holds the version', () => {
  assert.equal(readBootHeader(fakeBzImage(BANNER, ELF))?.versionText, BANNER)
  assert.equal(readBootHeader(ELF), null)
  assert.equal(readBootHeader(Buffer.alloc(4096)), null)
})

test('for an image without an ELF, extractVmlinux says why', async (t) => {
  const target = join(await temporaryFolder(t), 'vmlinux')
  const image = fakeBzImage(BANNER, await packPayload(ELF, 'gzip'))
  assert.match((await extractVmlinux(image.subarray(0, image.length - 200), target)) ?? '', /shorter than its boot header says/)
  assert.match(
    (await extractVmlinux(fakeBzImage(BANNER, Buffer.from('lzo or worse')), target)) ?? '',
    /cannot decompress its payload: neither gzip/,
  )
  assert.match(
    (await extractVmlinux(fakeBzImage(BANNER, await packPayload(Buffer.from('text'), 'zstd')), target)) ?? '',
    /not an x86-64 ELF/,
  )
  assert.match((await extractVmlinux(Buffer.from('text'), target)) ?? '', /does not name a payload/)
})

test('a truncated payload is reported as damaged, whatever its compression, and no file is left', async (t) => {
  const folder = await temporaryFolder(t)
  for (const packing of ['gzip', 'xz', 'zstd'] as const) {
    const payload = await packPayload(ELF, packing)
    const image = fakeBzImage(BANNER, payload.subarray(0, payload.length >> 1))
    assert.equal(await extractVmlinux(image, join(folder, packing)), `its ${packing} payload is damaged`)
  }
  assert.deepEqual(await readdir(folder), [])
})

test('the readers throw for no input', () => {
  const image = fakeBzImage(BANNER, Buffer.alloc(64))
  const bytes = fc.uint8Array({ maxLength: 1000 })
  const mutated = fc
    .tuple(fc.nat(image.length - 1), bytes)
    .map(([at, patch]) => Buffer.concat([image.subarray(0, at), patch, image.subarray(at)]))
  fc.assert(
    fc.property(
      fc.oneof(
        bytes.map((list) => Buffer.from(list)),
        mutated,
      ),
      (buffer) => {
        isX86Elf(buffer)
        compressionOf(buffer)
        const header = readBootHeader(buffer)
        if (header) assert.ok(header.versionText.length <= 512)
      },
    ),
  )
})
