/** Kernel files by their content: the x86 boot header of a bzImage, and the ELF that is packed inside. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { constants, gunzip, zstdDecompress } from 'node:zlib'
import { promisify } from 'node:util'
import { runCommand } from '#harness/support/process.ts'

/** From Documentation/arch/x86/boot.rst: what the setup header says about the kernel behind it. */
export interface BootHeader {
  /** `6.1.0-47-cloud-amd64 (debian-kernel@...) #1 SMP ...`; empty when the image does not say. */
  readonly versionText: string
  /** File offset and length of the compressed kernel; null before boot protocol 2.08. */
  readonly payload: { readonly offset: number; readonly length: number } | null
}

export type Packing = 'gzip' | 'xz' | 'zstd' | 'lz4'

const MAGICS: readonly (readonly [Packing, string])[] = [
  ['gzip', '1f8b'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['lz4', '02214c18'],
]

/** Read the setup header of an x86 bzImage; null when the bytes are none. `bytes` is the file or at least its first 64 KiB. */
export function readBootHeader(bytes: Buffer): BootHeader | null {
  if (bytes.length < 0x264 || bytes.readUInt16LE(0x1fe) !== 0xaa55) return null
  if (bytes.toString('latin1', 0x202, 0x206) !== 'HdrS') return null
  const protocol = bytes.readUInt16LE(0x206)
  const text = bytes.readUInt16LE(0x20e) + 0x200
  const end = bytes.indexOf(0, text)
  const versionText = text > 0x200 && end > text ? bytes.toString('latin1', text, Math.min(end, text + 512)) : ''
  if (protocol < 0x208) return { versionText, payload: null }
  const setup = (bytes.readUInt8(0x1f1) || 4) + 1
  return { versionText, payload: { offset: setup * 512 + bytes.readUInt32LE(0x248), length: bytes.readUInt32LE(0x24c) } }
}

/** Whether these first bytes are those of a 64-bit x86 ELF file. */
export function isX86Elf(bytes: Buffer): boolean {
  return bytes.length >= 20 && bytes.toString('latin1', 0, 5) === '\x7fELF\x02' && bytes.readUInt16LE(18) === 62
}

/** How a kernel payload is compressed, by its magic; null when it is something we do not unpack. */
export function packingOf(payload: Buffer): Packing | null {
  return MAGICS.find(([, magic]) => payload.subarray(0, magic.length / 2).toString('hex') === magic)?.[0] ?? null
}

/**
 * Take the ELF kernel out of the bzImage `image` and write it to `target`. Gives null when that worked, else a
 * sentence saying why this image holds none that can be taken out. Throws InfraError when a tool is missing.
 */
export async function extractVmlinux(image: Buffer, target: string, signal?: AbortSignal): Promise<string | null> {
  const payloadAt = readBootHeader(image)?.payload
  if (!payloadAt) return 'its boot header names no payload'
  const payload = image.subarray(payloadAt.offset, payloadAt.offset + payloadAt.length)
  if (payload.length !== payloadAt.length) return 'the file is shorter than its boot header says'
  const packing = packingOf(payload)
  if (!packing && !isX86Elf(payload)) return 'its payload is packed in a way kwitness cannot unpack'
  // All packers but gzip are followed by the unpacked size in 4 bytes (scripts/Makefile.lib, size_append).
  const packed = packing === 'gzip' || !packing ? payload : payload.subarray(0, -4)
  const elf = packing ? await unpack(packing, packed, target, signal) : packed
  if (!elf) return `its ${packing} payload is damaged`
  if (!isX86Elf(elf)) return 'its payload is no x86-64 ELF file'
  await writeFile(target, elf)
  return null
}

/** The bytes unpacked, null when they are damaged. `near` is a path beside which files may be made for a moment. */
async function unpack(packing: Packing, packed: Buffer, near: string, signal?: AbortSignal): Promise<Buffer | null> {
  if (packing === 'gzip') return promisify(gunzip)(packed).catch(() => null)
  // The kernel's build packs with windows larger than a decompressor takes by default.
  const wide = { params: { [constants.ZSTD_d_windowLogMax]: 31 } }
  if (packing === 'zstd') return promisify(zstdDecompress)(packed, wide).catch(() => null)
  const [input, output] = [`${near}.packed.${packing}`, `${near}.packed`]
  await writeFile(input, packed)
  try {
    const args = packing === 'xz' ? ['--decompress', '--keep', '--quiet', input] : ['-d', '-q', '-f', input, output]
    const { exitCode } = await runCommand(packing, args, { anyExit: true, ...(signal === undefined ? {} : { signal }) })
    return exitCode === 0 ? await readFile(output) : null
  } finally {
    await Promise.all([rm(input, { force: true }), rm(output, { force: true })])
  }
}
