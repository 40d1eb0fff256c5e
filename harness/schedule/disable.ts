/** Takes a fix away from a running kernel: the instructions that increment a member of a structure do so no more. */
import type { BoundSchedule } from './actors.ts'
import type { ImageFacts } from './bind.ts'
import type { Session } from './session.ts'
import { FIRST } from './session.ts'

/** Instructions that change one place in code: what stands there, and what disables it. */
export interface Patch {
  /** The first byte of the instruction behind its prefixes. */
  readonly address: bigint
  /** Where the instruction begins: there, or at the byte before, which may be its prefix or the end of another one. */
  readonly begins: readonly bigint[]
  /** Of the member, from a register. */
  readonly offset: number
  readonly original: Buffer
  readonly disabled: Buffer
}

/** Six and seven bytes that do nothing. */
const NOTHING = Buffer.from([0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00])
const NOTHING_LONG = Buffer.from([0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00])

/** What an instruction works on, behind its opcode: ModRM, a further byte (SIB) for some registers, and an offset. */
interface Operand {
  readonly bytes: number
  /** The middle of ModRM: a register, or a part of the opcode. */
  readonly register: number
  /** Offset of 32 bits from one register; null of any other operand. */
  readonly offset: number | null
}

/** The operand whose ModRM is at `at`; null where the code ends in it. */
function operandAt(code: Buffer, at: number): Operand | null {
  if (at + 2 > code.length) return null
  const modrm = code.readUInt8(at)
  const [mode, register, base] = [modrm >> 6, (modrm >> 3) & 7, modrm & 7]
  if (mode === 3) return { bytes: 1, register, offset: null }
  const sib = base === 4 ? code.readUInt8(at + 1) : null
  const head = sib === null ? 1 : 2
  const isWide = mode === 2 || (mode === 0 && (sib === null ? base === 5 : (sib & 7) === 5))
  const bytes = head + (isWide ? 4 : mode)
  if (at + bytes > code.length) return null
  // The stack pointer and r12 take a SIB that says: no index.
  const isFromRegister = mode === 2 && (sib === null || ((sib >> 3) & 7) === 4)
  return { bytes, register, offset: isFromRegister ? code.readUInt32LE(at + head) : null }
}

/** Whether the byte before `at` may be a prefix that extends the registers of the instruction there. */
const hasRex = (code: Buffer, at: number): boolean => at > 0 && (code.readUInt8(at - 1) & 0xf0) === 0x40

/**
 * The instructions in `code` (a function at `start`) that add 1 to the 32 bits at this offset from a register: `addl $1,
 * OFFSET(%reg)` (83 /0 ib) and `incl OFFSET(%reg)` (ff /0), with an offset of 32 bits; null for any offset.
 */
export function findIncrements(code: Buffer, start: bigint, wanted: number | null): Patch[] {
  const patches: Patch[] = []
  for (let at = 0; at < code.length; at += 1) {
    const opcode = code.readUInt8(at)
    const operand = opcode === 0x83 || opcode === 0xff ? operandAt(code, at + 1) : null
    const offset = operand?.register === 0 ? operand.offset : null
    if (!operand || offset === null || (wanted !== null && offset !== wanted)) continue
    const address = start + BigInt(at)
    const end = at + 1 + operand.bytes
    const place = { address, begins: hasRex(code, at) ? [address, address - 1n] : [address], offset }
    if (opcode === 0xff) {
      const original = Buffer.from(code.subarray(at, end))
      patches.push({ ...place, original, disabled: original.length === 6 ? NOTHING : NOTHING_LONG })
    } else if (code[end] === 1) {
      const original = Buffer.from(code.subarray(at, end + 1))
      patches.push({ ...place, original, disabled: Buffer.concat([original.subarray(0, -1), Buffer.from([0])]) })
    }
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

const LOCK = 0xf0
const [LOAD, COMPARE_TO, COMPARE_WITH] = [0x8b, 0x39, 0x3b]
/** Bytes behind a load in which what was loaded is compared. */
const NEAR = 12

const isCompare = (opcode: number): boolean => opcode === COMPARE_TO || opcode === COMPARE_WITH

/**
 * The branches in `code` (a function at `start`) behind a comparison of the 32 bits at this offset from a register: compared
 * where they lie (39 /r, 3b /r), or loaded (8b /r) and compared at once (39, 3b).
 */
export function findComparisons(code: Buffer, start: bigint, wanted: number): Patch[] {
  const patches: Patch[] = []
  for (let at = 0; at < code.length; at += 1) {
    const opcode = code.readUInt8(at)
    const operand = isCompare(opcode) || opcode === LOAD ? operandAt(code, at + 1) : null
    if (operand?.offset !== wanted) continue
    const behind = at + 1 + operand.bytes
    const branch = isCompare(opcode) ? behind : branchBehindLoad(code, behind)
    const change = branch === null ? null : withoutBranch(code, branch)
    const address = start + BigInt(branch ?? 0)
    if (change) patches.push({ address, begins: [address], offset: wanted, ...change })
  }
  return patches
}

/** Where the code behind a load branches by a comparison; null where it does not at once. */
function branchBehindLoad(code: Buffer, from: number): number | null {
  for (let at = from; at < Math.min(from + NEAR, code.length); at += 1) {
    const operand = isCompare(code.readUInt8(at)) ? operandAt(code, at + 1) : null
    const behind = operand && at + 1 + operand.bytes
    if (behind !== null && withoutBranch(code, behind)) return behind
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

/** Whether a lock prefix stands before the instruction at `at`: with it, nothing that does nothing is valid. */
function mayBeLocked(code: Buffer, at: number): boolean {
  const before = hasRex(code, at) ? at - 2 : at - 1
  return before >= 0 && code[before] === LOCK
}

/**
 * The patches that disable the fix, or why there are none, in one clause. An image without types does not say where the member
 * lies: then there is one set of patches for each offset that the functions increment, and the right one shows the bug. Compilers
 * copy an instruction to several ways out of a function, and move some to parts of their own: all of them are in a set.
 */
export async function findDisable(
  session: Session,
  { bound, image }: DisableContext,
): Promise<readonly (readonly Patch[])[] | string> {
  if (bound.schedule.disable === null) return 'the case does not say how'
  const { member, functions } = bound.schedule.disable
  const offset = image.offsetOf?.(member) ?? null
  if (offset === null && image.offsetOf) return `the kernel has no ${member}`
  const patches: Patch[] = []
  for (const start of functions.flatMap((name) => image.symbols.parts(name))) {
    const code = await session.stub.read(FIRST, start, Number(image.symbols.end(start) - start))
    if (!code) continue
    const found = findIncrements(code, start, offset)
    patches.push(...(offset === null ? found.filter(({ address }) => !mayBeLocked(code, Number(address - start))) : found))
  }
  if (patches.length === 0) return `no instruction of ${functions.join(', ')} increments ${member}`
  return [...Map.groupBy(patches, (patch) => patch.offset).values()]
}
