/** Which kind of trap a place on a path takes: what it replaces must be executed by nobody else until it is put back. */
import type { Point } from './path/path.ts'
import type { Session } from './session.ts'
import type { Trap, TrapKind } from './traps.ts'

const BYTES = { tell: 4n, spin: 2n } as const

const RETURN = 'c3'
/** What compilers put behind a return when no code follows it: int3, or one of the no-operations. */
const PADDING = /^(cc|90|66|0f1f)/

/**
 * The trap for the point `index` of a path, for an actor that stands at `from`. In the function that the path begins in nobody
 * else executes anything meanwhile. Others are called by interrupts too, which come to the trap as well: it must be one
 * that can be taken away under them.
 */
export async function trapOn({ traps, symbols }: Session, path: readonly Point[], from: number, index: number): Promise<Trap> {
  const { rip } = path[index] as Point
  const start = path[0]?.rip ?? 0n
  const isOwn = rip >= start && rip < symbols.end(start)
  const bytes = (await traps.codeAt(0, rip))?.toString('hex') ?? ''
  const isLast = bytes.startsWith(RETURN) && !PADDING.test(bytes.slice(RETURN.length))
  const passed = path.slice(from, index)
  const isFree = (kind: keyof typeof BYTES): boolean =>
    rip + BYTES[kind] <= symbols.end(rip) && !passed.some((point) => point.rip > rip && point.rip < rip + BYTES[kind])
  const kind: TrapKind = isOwn && isFree('tell') ? 'tell' : !isLast && isFree('spin') ? 'spin' : 'break'
  return { address: rip, kind }
}
