/**
 * Tells by its bytes whether an x86-64 instruction is local: it touches no memory that another CPU may touch, and nothing of the
 * machine but registers. Such an instruction commutes with all that the other CPU does.
 *
 * Local are instructions without a memory operand, and those that save and restore registers and return addresses on the stack
 * (push, pop, call, ret): no object of the kernel lies in these slots, so nobody else knows them. Locals of a function do not
 * count, for a wait queue's entry may lie among them. What is not in these tables is not local.
 */

/** `operand`: ModRM follows, and must name a register. `any`: ModRM follows, and may name memory that is not touched. */
type Form = 'plain' | 'operand' | 'any'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)
const table = (...rows: readonly (readonly [readonly number[], Form])[]): ReadonlyMap<number, Form> =>
  new Map(rows.flatMap(([opcodes, form]) => opcodes.map((opcode) => [opcode, form] as const)))

/** add, or, adc, sbb, and, sub, xor and cmp: of two operands, then of a constant with the accumulator. */
const ARITHMETIC = range(0, 7).flatMap((row) => range(8 * row, 8 * row + 3))
const WITH_ACCUMULATOR = range(0, 7).flatMap((row) => [8 * row + 4, 8 * row + 5])
/** push and pop of the stack pointer, or of r12 behind a prefix. */
const OF_STACK_POINTER: readonly number[] = [0x54, 0x5c]

const ONE_BYTE = table(
  [
    [...ARITHMETIC, 0x63, 0x69, 0x6b, 0x80, 0x81, 0x83, 0x84, 0x85, ...range(0x88, 0x8b), 0xc0, 0xc1, ...range(0xd0, 0xd3)],
    'operand',
  ],
  [[0xc6, 0xc7, 0xf6, 0xf7, 0xfe, 0xff], 'operand'],
  [
    [...WITH_ACCUMULATOR, ...range(0x70, 0x7f), 0x90, 0x98, 0x99, 0xa8, 0xa9, ...range(0xb0, 0xbf), 0xe8, 0xe9, 0xeb, 0xc3],
    'plain',
  ],
  [range(0x50, 0x5f), 'plain'],
  // lea
  [[0x8d], 'any'],
)

/** Behind 0f: nop, cmov, jumps, setcc, bits, shifts, imul, movzx and movsx, bswap. */
const TWO_BYTES = table(
  [[0x1f], 'any'],
  [range(0x40, 0x4f), 'operand'],
  [range(0x80, 0x8f), 'plain'],
  [range(0x90, 0x9f), 'operand'],
  [[0xa3, 0xa4, 0xa5, 0xab, 0xac, 0xad, 0xaf, 0xb3, 0xb6, 0xb7, 0xba, 0xbb, 0xbe, 0xbf], 'operand'],
  [range(0xc8, 0xcf), 'plain'],
)

/** What the middle of ModRM must not say, by opcode: divisions may trap, the other rows are undefined, or load a segment. */
const NOT_LOCAL: ReadonlyMap<number, readonly number[]> = new Map([
  [0xc6, range(1, 7)],
  [0xc7, range(1, 7)],
  [0xf6, [6, 7]],
  [0xf7, [6, 7]],
  [0xfe, range(2, 7)],
  // inc, dec, call and jmp through a register; push.
  [0xff, [3, 5, 7]],
])

const ENDBR = Buffer.from([0xf3, 0x0f, 0x1e, 0xfa])
const OPERAND_SIZE = 0x66
const ESCAPE = 0x0f
const REGISTER_MODE = 3

/** Whether the instruction that begins these bytes is local. */
export function isLocal(code: Buffer): boolean {
  if (code.subarray(0, ENDBR.length).equals(ENDBR)) return true
  let at = 0
  while (code[at] === OPERAND_SIZE) at += 1
  const prefix = ((code[at] ?? 0) & 0xf0) === 0x40 ? (code[at] ?? 0) : 0
  if (prefix !== 0) at += 1
  const isLong = code[at] === ESCAPE
  const opcode = code[isLong ? at + 1 : at]
  const modrm = code[isLong ? at + 2 : at + 1]
  if (opcode === undefined || (!isLong && OF_STACK_POINTER.includes(opcode) && (prefix & 1) === 0)) return false
  const form = (isLong ? TWO_BYTES : ONE_BYTE).get(opcode)
  if (form === undefined || form === 'plain') return form === 'plain'
  if (modrm === undefined) return false
  const isRegister = modrm >> 6 === REGISTER_MODE
  if (form === 'any') return isLong || !isRegister
  const row = (modrm >> 3) & 7
  return isRegister && (isLong || !NOT_LOCAL.get(opcode)?.includes(row))
}
