/** Small kernel files made for the tests: real boot headers and real compression around an ELF that boots nowhere. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { runCommand } from '#harness/support/process.ts'

/** A folder that goes away with the test. */
export async function temporaryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-kernels-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** An x86-64 ELF header with the version banner of a kernel behind it. */
export function fakeVmlinux(banner: string, padding: Buffer = Buffer.alloc(256)): Buffer {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(62, 18)
  return Buffer.concat([header, Buffer.from(`Linux version ${banner}\n\0`), padding])
}

/** The size that all packers but gzip put behind a payload. */
function withSize(packed: Buffer, elf: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(elf.length)
  return Buffer.concat([packed, size])
}

/** The payload of a bzImage, packed as the kernel's build packs it. */
export async function packPayload(elf: Buffer, packing: 'gzip' | 'xz' | 'zstd' | 'none'): Promise<Buffer> {
  if (packing === 'none') return elf
  if (packing === 'gzip') return gzipSync(elf)
  if (packing === 'zstd') return withSize(zstdCompressSync(elf), elf)
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-pack-'))
  try {
    await writeFile(join(folder, 'elf'), elf)
    await runCommand('xz', ['--check=crc32', '--x86', '--lzma2=dict=1MiB', join(folder, 'elf')])
    return withSize(await readFile(join(folder, 'elf.xz')), elf)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A bzImage by Documentation/arch/x86/boot.rst: boot sector, one setup sector with the banner, then the payload. */
export function fakeBzImage(banner: string, payload: Buffer): Buffer {
  const setup = Buffer.alloc(3 * 512)
  setup.writeUInt8(2, 0x1f1)
  setup.writeUInt16LE(0xaa55, 0x1fe)
  setup.write('HdrS', 0x202, 'latin1')
  setup.writeUInt16LE(0x20f, 0x206)
  setup.writeUInt16LE(0x400 - 0x200, 0x20e)
  setup.writeUInt32LE(32, 0x248)
  setup.writeUInt32LE(payload.length, 0x24c)
  setup.write(`${banner}\0`, 0x400, 'latin1')
  const rest = Buffer.concat([Buffer.alloc(32, 0x90), payload, Buffer.alloc(64)])
  const paragraphs = Math.ceil(rest.length / 16)
  setup.writeUInt32LE(paragraphs, 0x1f4)
  return Buffer.concat([setup, rest, Buffer.alloc(paragraphs * 16 - rest.length)])
}

/** A module without code that says which release it is for, as modpost writes it; packed as the ending of its name says. */
export async function compileModule(path: string, release: string): Promise<void> {
  const plain = path.replace(/\.(?:gz|xz|zst)$/, '')
  const vermagic = `vermagic=${release} SMP preempt mod_unload modversions `
  const source = `static const char vermagic[] __attribute__((used, section(".modinfo"))) = "name=x\\0${vermagic}";`
  await runCommand('gcc', ['-c', '-x', 'c', '-o', plain, '-'], { input: source })
  if (path.endsWith('.xz')) await runCommand('xz', [plain])
  else if (path !== plain) {
    const bytes = await readFile(plain)
    await writeFile(path, path.endsWith('.gz') ? gzipSync(bytes) : zstdCompressSync(bytes))
    await rm(plain)
  }
}

/** Change one byte of a file, in its middle. */
export async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path)
  await writeFile(path, flipped(bytes))
}

/** A copy of the bytes with the middle one changed. */
export function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = copy.length >> 1
  copy.writeUInt8(copy.readUInt8(middle) ^ 1, middle)
  return copy
}
