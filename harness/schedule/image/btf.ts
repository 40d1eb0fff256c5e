/** BTF, the types of a kernel in its image (Documentation/bpf/btf.rst): the offset of a member of a structure. */
import { textAt } from './elf.ts'

const MAGIC = 0xeb9f
const KIND = { array: 3, struct: 4, union: 5, enum: 6, typedef: 8, volatile: 9, const: 10, restrict: 11, proto: 13 } as const
/** Bytes behind the 12 of every type: fixed, or so many for each of its `vlen` parts. */
const FIXED = new Map<number, number>([
  [1, 4],
  [KIND.array, 12],
  [14, 4],
  [17, 4],
])
const PER_PART = new Map<number, number>([
  [KIND.struct, 12],
  [KIND.union, 12],
  [KIND.enum, 8],
  [KIND.proto, 8],
  [15, 12],
  [19, 12],
])

interface Type {
  readonly kind: number
  readonly name: number
  /** Size in bytes, or the number of the type that it refers to. */
  readonly size: number
  readonly parts: number
  /** The offsets of its members share their word with the size of a bit field. */
  readonly bitFields: boolean
  readonly at: number
}

/** The offset in bytes of `STRUCT.MEMBER`; null where the structure or the member does not exist. */
export type MemberOffset = (path: string) => number | null

/** Whether these bytes begin as a `.BTF` section does. */
export function isBtf(bytes: Buffer): boolean {
  return bytes.length >= 24 && bytes.readUInt16LE(0) === MAGIC
}

/** Read the types of a `.BTF` section; null when these bytes are not BTF. */
export function readBtf(bytes: Buffer): MemberOffset | null {
  if (!isBtf(bytes)) return null
  const header = bytes.readUInt32LE(4)
  const types = readTypes(bytes, header + bytes.readUInt32LE(8), bytes.readUInt32LE(12))
  const strings = header + bytes.readUInt32LE(16)
  if (types === null) return null
  const nameOf = (offset: number): string => textAt(bytes, strings + offset)

  function find(number: number, wanted: string): number | null {
    const type = types?.[number]
    if (!type) return null
    if (type.kind >= KIND.typedef && type.kind <= KIND.restrict) return find(type.size, wanted)
    if (type.kind !== KIND.struct && type.kind !== KIND.union) return null
    for (let part = 0; part < type.parts; part += 1) {
      const at = type.at + 12 * part
      const name = bytes.readUInt32LE(at)
      const bits = bytes.readUInt32LE(at + 8)
      const offset = Math.floor((type.bitFields ? bits & 0xff_ffff : bits) / 8)
      if (name !== 0 && nameOf(name) === wanted) return offset
      // Members of a structure without a name are members of the one around it.
      const inside = name === 0 ? find(bytes.readUInt32LE(at + 4), wanted) : null
      if (inside !== null) return offset + inside
    }
    return null
  }

  return (path) => {
    const [structure = '', member = ''] = path.split('.')
    for (const [number, type] of types.entries()) {
      if (type?.kind !== KIND.struct || nameOf(type.name) !== structure) continue
      const offset = find(number, member)
      if (offset !== null) return offset
    }
    return null
  }
}

/** The types by number, which begins at 1; null when the bytes end before them or hold a kind that is not known. */
function readTypes(bytes: Buffer, start: number, length: number): readonly (Type | null)[] | null {
  const types: (Type | null)[] = [null]
  const end = start + length
  if (end > bytes.length) return null
  for (let at = start; at < end;) {
    if (at + 12 > end) return null
    const info = bytes.readUInt32LE(at + 4)
    const kind = (info >>> 24) & 31
    const parts = info & 0xffff
    if (kind === 0 || kind > 19) return null
    types.push({
      kind,
      name: bytes.readUInt32LE(at),
      size: bytes.readUInt32LE(at + 8),
      parts,
      bitFields: info >>> 31 === 1,
      at: at + 12,
    })
    at += 12 + (FIXED.get(kind) ?? parts * (PER_PART.get(kind) ?? 0))
  }
  return types
}
