import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { extractVmlinux, isX86Elf, compressionOf, lengthOfElf, readBootHeader } from '#harness/kernels/provider/vmlinux.ts'
import { fakeBzImage, fakeVmlinux, flipped, packPayload, temporaryFolder } from '#test/helpers/kernel-images.ts'

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

test('for an image without an ELF, extractVmlinux says why, and whether it is damaged', async (t) => {
  const target = join(await temporaryFolder(t), 'vmlinux')
  const image = fakeBzImage(BANNER, await packPayload(ELF, 'gzip'))
  const cutElf = Buffer.from(ELF)
  cutElf.writeBigUInt64LE(BigInt(ELF.length), 40)
  cutElf.writeUInt16LE(64, 58)
  cutElf.writeUInt16LE(9, 60)
  const answers: readonly (readonly [image: Buffer, why: RegExp, isDamaged: boolean])[] = [
    [image.subarray(0, image.length - 1), /^the file has \d+ bytes, its boot header says \d+$/, true],
    [image.subarray(0, 1700), /^the file has 1700 bytes/, true],
    [fakeBzImage(BANNER, await packPayload(cutElf, 'zstd')), /the ELF file in it is cut/, true],
    [fakeBzImage(BANNER, Buffer.from('lzo or worse')), /cannot decompress its payload: neither gzip/, false],
    [fakeBzImage(BANNER, await packPayload(Buffer.from('text'), 'zstd')), /not an x86-64 ELF/, false],
    [Buffer.from('text'), /does not name a payload/, false],
  ]
  for (const [bytes, why, isDamaged] of answers) {
    const failed = await extractVmlinux(bytes, target)
    assert.match(failed?.why ?? '', why)
    assert.equal(failed?.isDamaged, isDamaged, failed?.why)
  }
})

test('a cut or changed payload is reported as damaged, whatever its compression, and no file is left', async (t) => {
  const folder = await temporaryFolder(t)
  for (const packing of ['gzip', 'xz', 'zstd'] as const) {
    const payload = await packPayload(ELF, packing)
    for (const bytes of [
      payload.subarray(0, payload.length >> 1),
      packing === 'zstd' ? payload.subarray(0, -8) : flipped(payload),
    ]) {
      const failed = await extractVmlinux(fakeBzImage(BANNER, bytes), join(folder, packing))
      assert.deepEqual(failed, { why: `its ${packing} payload is damaged`, isDamaged: true })
    }
  }
  assert.deepEqual(await readdir(folder), [])
})

test('an ELF file has its last segment and its section table', () => {
  const elf = Buffer.alloc(200)
  ELF.copy(elf, 0, 0, 64)
  elf.writeBigUInt64LE(64n, 32)
  elf.writeUInt16LE(56, 54)
  elf.writeUInt16LE(1, 56)
  elf.writeBigUInt64LE(120n, 64 + 8)
  elf.writeBigUInt64LE(80n, 64 + 32)
  assert.equal(lengthOfElf(elf), 200)
  assert.ok(lengthOfElf(elf.subarray(0, 100)) > 100)
  assert.ok(lengthOfElf(elf.subarray(0, 20)) > 20)
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
