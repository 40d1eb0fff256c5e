/** As much of a 64-bit little-endian ELF file as a vmlinux has: its sections, and bytes by address. */

export interface Section {
  readonly name: string
  /** Address in the running kernel; 0n of a section that is not loaded. */
  readonly address: bigint
  readonly offset: number
  readonly size: number
  /** Size of one entry of a table. */
  readonly entrySize: number
  /** Number of the section that this one refers to: the strings of a symbol table. */
  readonly link: number
}

/** The sections of the file; none when it is not such a file or is cut short. */
export function readSections(file: Buffer): Section[] {
  if (file.length < 64 || file.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return []
  const table = Number(file.readBigUInt64LE(0x28))
  const entry = file.readUInt16LE(0x3a)
  const count = file.readUInt16LE(0x3c)
  const names = file.readUInt16LE(0x3e)
  if (entry < 64 || table + entry * count > file.length || names >= count) return []
  const stringsAt = Number(file.readBigUInt64LE(table + names * entry + 0x18))
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * entry
    return {
      name: textAt(file, stringsAt + file.readUInt32LE(at)),
      address: file.readBigUInt64LE(at + 0x10),
      offset: Number(file.readBigUInt64LE(at + 0x18)),
      size: Number(file.readBigUInt64LE(at + 0x20)),
      link: file.readUInt32LE(at + 0x28),
      entrySize: Number(file.readBigUInt64LE(at + 0x38)),
    }
  })
}

/** The text that ends with a zero byte. */
export function textAt(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at)
  return bytes.toString('latin1', at, end < 0 ? bytes.length : end)
}

/** The content of a section; null when the file does not have it whole. */
export function contentOf(file: Buffer, section: Section | undefined): Buffer | null {
  if (!section || section.offset + section.size > file.length) return null
  return file.subarray(section.offset, section.offset + section.size)
}
