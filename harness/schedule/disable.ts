/** Takes a fix away from a running kernel: the instructions that increment a member of a structure do so no more. */
import type { BoundSchedule } from './actors.ts'
import type { ImageFacts } from './bind.ts'
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

/** Two and six bytes that do nothing. */
const NOTHING_SHORT = Buffer.from([0x66, 0x90])

/** What jumps where something differed (`jne`, `je` past it), made to behave as if it had not; null for other code. */
function withoutBranch(code: Buffer, at: number): { readonly original: Buffer; readonly disabled: Buffer } | null {
  const short = Buffer.from(code.subarray(at, at + 2))
  const near = Buffer.from(code.subarray(at, at + 6))
  if (short[0] === 0x75) return { original: short, disabled: NOTHING_SHORT }
  if (short[0] === 0x74) return { original: short, disabled: Buffer.from([0xeb, short[1] ?? 0]) }
  if (short[0] !== 0x0f || near.length < 6) return null
  if (short[1] === 0x85) return { original: near, disabled: NOTHING }
  if (short[1] === 0x84) return { original: near, disabled: Buffer.concat([Buffer.from([0x90, 0xe9]), near.subarray(2)]) }
  return null
}

const [LOAD, COMPARE_TO, COMPARE_WITH] = [0x8b, 0x39, 0x3b]
/** Bytes behind a load in which what was loaded is compared. */
const NEAR = 12

/**
 * The branches in `code` (a function at `start`) behind a comparison of the 32 bits at this offset from a register with another
 * register: compared in memory (39 /r, 3b /r), or loaded (8b /r) and then compared (39, 3b with two registers).
 */
export function findComparisons(code: Buffer, start: bigint, offset: number): Patch[] {
  const patches: Patch[] = []
  for (let at = 0; at + 6 <= code.length; at += 1) {
    const opcode = code.readUInt8(at)
    const modrm = code.readUInt8(at + 1)
    const isOfMember = modrm >> 6 === 2 && (modrm & 7) !== 4 && code.readUInt32LE(at + 2) === offset
    if (!isOfMember) continue
    const behind = at + 6
    const branch =
      opcode === COMPARE_TO || opcode === COMPARE_WITH ? behind : opcode === LOAD ? branchBehindLoad(code, behind) : null
    const change = branch === null ? null : withoutBranch(code, branch)
    if (branch !== null && change) patches.push({ address: start + BigInt(branch), offset, ...change })
  }
  return patches
}

/** Where the code behind a load branches by a comparison of two registers; null where it does not at once. */
function branchBehindLoad(code: Buffer, from: number): number | null {
  for (let at = from; at < from + NEAR && at + 4 <= code.length; at += 1) {
    const opcode = code.readUInt8(at)
    const isCompare = (opcode === COMPARE_TO || opcode === COMPARE_WITH) && code.readUInt8(at + 1) >> 6 === 3
    if (isCompare && withoutBranch(code, at + 2)) return at + 2
  }
  return null
}

/** Do this with the patches in the kernel, and put back what stood there. */
export async function withPatches<T>(session: Session, patches: readonly Patch[], work: () => Promise<T>): Promise<T> {
  await applyPatches(session, patches, true)
  try {
    return await work()
  } finally {
    // Of a guest that is lost nothing is tried any more.
    await applyPatches(session, patches, false).catch(() => undefined)
  }
}

/** Write these patches into the kernel, or put back what stood there. */
export async function applyPatches({ stub, traps }: Session, patches: readonly Patch[], isDisabled: boolean): Promise<void> {
  traps.clear()
  for (const { address, original, disabled } of patches) stub.write(FIRST, address, isDisabled ? disabled : original)
  await stub.settle()
}

interface DisableContext {
  readonly bound: BoundSchedule
  readonly image: ImageFacts
}

/** The patches that disable the fix; or why there are none, in one clause. */
export async function findDisable(session: Session, { bound, image }: DisableContext): Promise<readonly Patch[] | string> {
  const { member, functions } = bound.schedule.disable
  const offset = image.offsetOf?.(member) ?? null
  if (offset === null && image.offsetOf) return `the kernel has no ${member}`
  const patches: Patch[] = []
  for (const name of functions) {
    const start = image.symbols.address(name)
    const code = start === null ? null : await session.stub.read(FIRST, start, Number(image.symbols.end(start) - start))
    if (start !== null && code) patches.push(...findIncrements(code, start, offset))
  }
  // Without types it is a guess, which holds only if the kernel shows the bug then.
  if (new Set(patches.map((patch) => patch.offset)).size > 1)
    return `the image has no types, so ${member} cannot be told from others`
  return patches.length > 0 ? patches : `no instruction of ${functions.join(', ')} increments ${member}`
}
