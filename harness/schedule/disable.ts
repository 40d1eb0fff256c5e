/** Takes a fix away from a running kernel: the instructions that increment a member of a structure do so no more. */
import type { Session } from './session.ts'
import { FIRST } from './session.ts'

/** Instructions that change one place in code: what stands there, and what disables it. */
export interface Patch {
  /** The first byte of the instruction behind its prefixes. */
  readonly address: bigint
  /** Of the member, from a register. */
  readonly offset: number
  readonly original: Buffer
  readonly disabled: Buffer
}

/** Six bytes that do nothing. */
const NOTHING = Buffer.from([0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00])

/**
 * The instructions in `code` (a function at `start`) that add 1 to the 32 bits at this offset from a register: `addl $1,
 * OFFSET(%reg)` (83 /0 ib) and `incl OFFSET(%reg)` (ff /0), with an offset of 32 bits; null for any offset.
 */
export function findIncrements(code: Buffer, start: bigint, wanted: number | null): Patch[] {
  const patches: Patch[] = []
  for (let at = 0; at + 7 <= code.length; at += 1) {
    const opcode = code.readUInt8(at)
    const modrm = code.readUInt8(at + 1)
    // Mode 2 is a register with an offset of 32 bits; register 4 would mean a further byte.
    const isForm = (opcode === 0x83 || opcode === 0xff) && modrm >> 3 === 0b10_000 && (modrm & 7) !== 4
    const offset = code.readUInt32LE(at + 2)
    if (!isForm || (wanted !== null && offset !== wanted)) continue
    const address = start + BigInt(at)
    const original = Buffer.from(code.subarray(at, at + (opcode === 0x83 ? 7 : 6)))
    if (opcode === 0xff) patches.push({ address, offset, original, disabled: NOTHING })
    else if (original[6] === 1)
      patches.push({ address, offset, original, disabled: Buffer.concat([original.subarray(0, 6), Buffer.from([0])]) })
  }
  return patches
}

/** Write these patches into the kernel, or put back what stood there. */
export async function applyPatches({ stub }: Session, patches: readonly Patch[], isDisabled: boolean): Promise<void> {
  for (const { address, original, disabled } of patches) await stub.write(FIRST, address, isDisabled ? disabled : original)
}
