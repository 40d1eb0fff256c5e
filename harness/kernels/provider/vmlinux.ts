/** Kernel files by content: the x86 boot header of a bzImage, and the ELF file compressed in it. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { constants, gunzip, zstdDecompress } from 'node:zlib'
import { promisify } from 'node:util'
import { InfraError } from '#domain/errors.ts'
import { runCommand } from '#harness/support/process.ts'

/** Fields of the setup header (Documentation/arch/x86/boot.rst). */
export interface BootHeader {
  /** `6.1.0-47-cloud-amd64 (debian-kernel@...) #1 SMP ...`; empty when the image has none. */
  readonly versionText: string
  /** File offset and length in bytes of the compressed kernel; null before boot protocol 2.08. */
  readonly payload: { readonly offset: number; readonly length: number } | null
  /** Bytes of the whole image; a signature may follow. */
  readonly length: number
}

export type Compression = 'gzip' | 'xz' | 'zstd' | 'lz4'

const MAGICS: readonly (readonly [Compression, string])[] = [
  ['gzip', '1f8b'],
  ['xz', 'fd377a585a00'],
  ['zstd', '28b52ffd'],
  ['lz4', '02214c18'],
]

/** Parse the setup header of an x86 bzImage from the file or its first 64 KiB; null when it is not a bzImage. */
export function readBootHeader(bytes: Buffer): BootHeader | null {
  if (bytes.length < 0x264 || bytes.readUInt16LE(0x1fe) !== 0xaa55) return null
  if (bytes.toString('latin1', 0x202, 0x206) !== 'HdrS') return null
  const protocol = bytes.readUInt16LE(0x206)
  const text = bytes.readUInt16LE(0x20e) + 0x200
  const end = bytes.indexOf(0, text)
  const versionText = text > 0x200 && end > text ? bytes.toString('latin1', text, Math.min(end, text + 512)) : ''
  const setup = ((bytes.readUInt8(0x1f1) || 4) + 1) * 512
  const payload = { offset: setup + bytes.readUInt32LE(0x248), length: bytes.readUInt32LE(0x24c) }
  // syssize counts paragraphs of 16 bytes.
  const length = setup + bytes.readUInt32LE(0x1f4) * 16
  return { versionText, payload: protocol < 0x208 ? null : payload, length }
}

/** The bytes that an x86-64 ELF file must have by its headers: to the end of its last segment and of its section table. */
export function lengthOfElf(bytes: Buffer): number {
  if (bytes.length < 64) return 64
  const [segments, sections] = [Number(bytes.readBigUInt64LE(32)), Number(bytes.readBigUInt64LE(40))]
  const [size, count] = [bytes.readUInt16LE(54), bytes.readUInt16LE(56)]
  const ends = Array.from({ length: count }, (_, index) => {
    const at = segments + index * size
    if (at + 56 > bytes.length) return at + 56
    return Number(bytes.readBigUInt64LE(at + 8)) + Number(bytes.readBigUInt64LE(at + 32))
  })
  return Math.max(64, sections + bytes.readUInt16LE(58) * bytes.readUInt16LE(60), ...ends)
}

/** Whether a file that starts with these bytes is a 64-bit x86 ELF file. */
export function isX86Elf(bytes: Buffer): boolean {
  return bytes.length >= 20 && bytes.toString('latin1', 0, 5) === '\x7fELF\x02' && bytes.readUInt16LE(18) === 62
}

/** The compression of a kernel payload by its magic number; null when kwitness cannot decompress it. */
export function compressionOf(payload: Buffer): Compression | null {
  return MAGICS.find(([, magic]) => payload.subarray(0, magic.length / 2).toString('hex') === magic)?.[0] ?? null
}

/** Why an image has no ELF to extract, in one clause. */
export interface NotExtracted {
  readonly why: string
  /** The image is damaged or cut: it boots nowhere. Else only kwitness cannot read it. */
  readonly isDamaged: boolean
}

const damaged = (why: string): NotExtracted => ({ why, isDamaged: true })
const unreadable = (why: string): NotExtracted => ({ why, isDamaged: false })

/**
 * Extract the ELF kernel from the bzImage `image` and write it to `target`. Returns null on success, else why there is none.
 * Throws InfraError when a decompressor is missing or the disk is full.
 */
export async function extractVmlinux(image: Buffer, target: string, signal?: AbortSignal): Promise<NotExtracted | null> {
  const header = readBootHeader(image)
  if (header && image.length < header.length) {
    return damaged(`the file has ${image.length} bytes, its boot header says ${header.length}`)
  }
  const payloadAt = header?.payload
  if (!payloadAt) return unreadable('its boot header does not name a payload')
  const payload = image.subarray(payloadAt.offset, payloadAt.offset + payloadAt.length)
  if (payload.length !== payloadAt.length) return damaged('the file is shorter than its boot header says')
  const compression = compressionOf(payload)
  if (!compression && !isX86Elf(payload)) {
    return unreadable('kwitness cannot decompress its payload: neither gzip, xz, zstd nor lz4')
  }
  // Every format but gzip is followed by the size of the decompressed kernel in 4 bytes (scripts/Makefile.lib, size_append).
  const compressed = compression === 'gzip' || !compression ? payload : payload.subarray(0, -4)
  const elf = compression ? await decompress(compression, compressed, target, signal) : compressed
  if (!elf) return damaged(`its ${compression} payload is damaged`)
  if (!isX86Elf(elf)) return unreadable('its payload is not an x86-64 ELF file')
  if (elf.length < lengthOfElf(elf)) return damaged('the ELF file in it is cut')
  await writeFile(target, elf)
  return null
}

/** Damaged bytes are no error; want of memory says nothing about them. */
function whenDamaged(error: NodeJS.ErrnoException): null {
  if (/mem/i.test(error.code ?? '')) throw new InfraError(`cannot decompress a kernel: ${error.message}`, 'free some memory')
  return null
}

/** Decompress the bytes; null when they are damaged. Temporary files lie beside the path `near`. */
async function decompress(
  compression: Compression,
  compressed: Buffer,
  near: string,
  signal?: AbortSignal,
): Promise<Buffer | null> {
  if (compression === 'gzip') return promisify(gunzip)(compressed).catch(whenDamaged)
  // The kernel is compressed with a larger window than a decompressor accepts by default.
  const wide = { params: { [constants.ZSTD_d_windowLogMax]: 31 } }
  if (compression === 'zstd') return promisify(zstdDecompress)(compressed, wide).catch(whenDamaged)
  const [input, output] = [`${near}.compressed.${compression}`, `${near}.compressed`]
  await writeFile(input, compressed)
  try {
    const args = compression === 'xz' ? ['--decompress', '--keep', '--quiet', input] : ['-d', '-q', '-f', input, output]
    const { exitCode, stderr } = await runCommand(compression, args, { anyExit: true, signal })
    if (/No space left|quota exceeded|Cannot allocate/i.test(stderr)) {
      throw new InfraError(`cannot decompress a kernel: ${stderr.trim().split('\n')[0]}`, 'free some space or memory')
    }
    return exitCode === 0 ? await readFile(output) : null
  } finally {
    await Promise.all([rm(input, { force: true }), rm(output, { force: true })])
  }
}
