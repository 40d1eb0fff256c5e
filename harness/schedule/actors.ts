/** How the two actors of a trial are moved: the first into its window and to a boundary, the second to its end or to a wait. */
import type { Schedule } from '#domain/race/schedule.ts'
import { safeAnchor, stopsTo, type Point } from './path/path.ts'
import { readState } from './program.ts'
import { Disturbed, FIRST, LeftPath, SECOND, stepOne, STOP_MS, VoidTrial, type Session } from './session.ts'
import type { Registers, Stub, Vcpu } from './stub.ts'
import type { Trap } from './traps.ts'
import { trapOn } from './trap-kind.ts'

/** An actor at the entry of a function. */
export interface Entry {
  readonly rsp: bigint
  readonly returns: bigint
  /** Entries of functions at which its path ends before it returns. */
  readonly leaves: ReadonlySet<bigint>
}

/** A schedule with the addresses that a kernel gives its names. */
export interface BoundSchedule {
  readonly schedule: Schedule
  /** The function of the window, and its entry. */
  readonly symbol: string
  readonly enter: bigint
  /** Entries of functions at which the window ends early. A kernel need not have all of them. */
  readonly leaves: ReadonlySet<bigint>
  /** Null where the argument itself is the subject's address. */
  readonly memberOffset: number | null
  /** Functions in which an actor waits. A kernel need not have all of them. */
  readonly waits: ReadonlyMap<bigint, Schedule['waits'][number]>
}

const ACTORS = { [FIRST]: 'first', [SECOND]: 'second' } as const
/** Calls of the window's function before the one for the subject. */
const MAX_ENTRIES = 100
/** Stops of an actor for others before it comes where it should. */
const MAX_STOPS = 200
/** A path of more instructions is not stepped. */
const MAX_PATH = 20_000
/** The second actor gets so much host time: what ends it must be its end or a lock, never this. */
const SECOND_MS = 3000
/** How often it is looked at meanwhile. Its end and its waits are told. */
const SECOND_LOOK_MS = 500
/** A kernel's stack begins at a multiple of its size: 16 KiB, or 32 KiB with KASAN. */
const STACK_SIZES = [0x4000n, 0x8000n] as const
/** A trap replaces at most so many bytes. */
const TRAP_BYTES = 4n
/** How much of a task_struct is read to find its stack. */
const TASK_BYTES = 256

const NO_LEAVES: ReadonlySet<bigint> = new Set()

const told = (address: bigint): Trap => ({ address, kind: 'tell' })

/** Let an actor alone run to this place. Throws VoidTrial where it does not come there, or another task does (`isOf`). */
async function runTo(
  { traps, stub, symbols }: Session,
  vcpu: Vcpu,
  places: readonly Trap[],
  where: string,
  isOf: (registers: Registers) => boolean = () => true,
): Promise<Registers> {
  const registers = await traps.runTo(vcpu, places, STOP_MS)
  if (registers && isOf(registers)) return registers
  throw new VoidTrial(`the ${ACTORS[vcpu]} actor does not come to ${where}: it is at ${symbols.name(await stub.rip(vcpu))}`)
}

/** The entry of the function at which these registers are. Throws VoidTrial where the stack cannot be read. */
async function entryAt(stub: Stub, vcpu: Vcpu, { rsp }: Registers): Promise<Entry> {
  const returns = await stub.readU64(vcpu, rsp)
  if (returns === null) throw new VoidTrial(`the stack of the ${ACTORS[vcpu]} actor cannot be read`)
  return { rsp, returns, leaves: NO_LEAVES }
}

/** Let the first actor run to the entry of the window. */
export async function runIntoWindow(session: Session, bound: BoundSchedule): Promise<Entry> {
  const { symbol, memberOffset } = bound
  const { index } = bound.schedule.window.argument
  for (let entries = 0; entries < MAX_ENTRIES; entries += 1) {
    const registers = await runTo(session, FIRST, [told(bound.enter)], symbol)
    const argument = registers.arguments[index - 1] ?? 0n
    const [subject, entry] = await Promise.all([
      memberOffset === null ? argument : session.stub.readU64(FIRST, argument + BigInt(memberOffset)),
      entryAt(session.stub, FIRST, registers),
    ])
    if (subject === session.block.subject) return { ...entry, leaves: bound.leaves }
    await runTo(session, FIRST, [told(entry.returns)], `the end of ${symbol}`)
  }
  throw new VoidTrial(`${symbol} is not called for the subject`)
}

/** The second actor first: let it begin its act alone, and stop it at the entry of this function of its own. */
export async function enterSecond(session: Session, start: bigint): Promise<Entry> {
  const isOwn = ({ fsBase }: Registers) => fsBase === session.fsBase[SECOND]
  const registers = await runTo(session, SECOND, [told(start)], session.symbols.name(start), isOwn)
  return entryAt(session.stub, SECOND, registers)
}

/**
 * Step an actor from the entry of a function to its end. The last point is the instruction it returns to, or the entry of a
 * function at which the path ends early.
 */
export async function stepThrough({ stub, traps }: Session, vcpu: Vcpu, entry: Entry): Promise<Point[]> {
  const path: Point[] = []
  traps.clear()
  let registers = await stub.registers(vcpu)
  for (;;) {
    path.push({ rip: registers.rip, depth: entry.rsp - registers.rsp })
    if ((registers.rip === entry.returns && registers.rsp > entry.rsp) || entry.leaves.has(registers.rip)) return path
    if (path.length > MAX_PATH) throw new VoidTrial(`the window is longer than ${MAX_PATH} instructions`)
    registers = await stepOne(stub, vcpu, registers.rip)
  }
}

/** How an actor is brought to a boundary. */
export interface Walk {
  readonly path: readonly Point[]
  readonly k: number
  /** Step through functions that interrupts call too: slow, but no interrupt comes while an actor is stepped. */
  readonly careful: boolean
}

/** Bring an actor from the begin of its path to boundary k. Throws VoidTrial where it leaves the path. */
export async function walkTo(session: Session, vcpu: Vcpu, entry: Entry, { path, k, careful }: Walk): Promise<void> {
  const end = session.symbols.end(path[0]?.rip ?? 0n)
  const anchor = careful ? safeAnchor(path, k, end) : k
  let from = 0
  for (const index of stopsTo(path, anchor)) {
    await runToPoint(session, vcpu, entry, path, { from, index })
    from = index
  }
  if (anchor === k) return
  session.traps.clear()
  for (let at = anchor; at < k; at += 1) {
    const registers = await stepOne(session.stub, vcpu, path[at]?.rip ?? 0n)
    const next = path[at + 1]
    if (registers.rip !== next?.rip || entry.rsp - registers.rsp !== next.depth)
      throw new VoidTrial(`the ${ACTORS[vcpu]} actor left its path behind instruction ${at}`)
  }
}

/**
 * Let an actor run to the next time that it comes to a point of its path, at the depth of its stack that it has there. An actor
 * that comes to the end of the function before has left its path.
 */
async function runToPoint(
  session: Session,
  vcpu: Vcpu,
  entry: Entry,
  path: readonly Point[],
  { from, index }: { readonly from: number; readonly index: number },
): Promise<void> {
  const { rip, depth } = path[index] as Point
  const isNear = (end: bigint): boolean => rip > end - TRAP_BYTES && rip < end + TRAP_BYTES
  const ends = [entry.returns, ...entry.leaves].filter((end) => !isNear(end))
  const traps = [await trapOn(session, path, from, index), ...ends.map(told)]
  const registers = await runTo(session, vcpu, traps, `instruction ${index} of its path`)
  if (registers.rip !== rip)
    throw new LeftPath(`the ${ACTORS[vcpu]} actor left its path: it came to the end without instruction ${index}`)
  if (entry.rsp - registers.rsp === depth) return
  throw new Disturbed(`an interrupt came to instruction ${index} of the path of the ${ACTORS[vcpu]} actor before it did`)
}

/** How the second actor's run came to its end: it was done, or waits for a lock of the first one in this function. */
export type SecondEnd = { readonly kind: 'done' } | { readonly kind: 'waits'; readonly symbol: string }

/** Let the second actor alone run to its end, or to where it waits. Throws VoidTrial for anything else. */
export async function runSecond(session: Session, bound: BoundSchedule, entry: Entry): Promise<SecondEnd> {
  const { stub, traps, block, fsBase, trial } = session
  const places = [...bound.waits.keys()].map(told)
  const deadline = performance.now() + SECOND_MS
  // Read on the side of the first actor, which stands still: the second one's CPU idles when it is done, in no process.
  const isDone = async (): Promise<boolean> => (await readState(stub, FIRST, block))?.secondEnded === trial
  const seen: bigint[] = []
  for (let stops = 0; stops < MAX_STOPS && performance.now() < deadline; stops += 1) {
    const registers = await traps.runTo(SECOND, places, SECOND_LOOK_MS, isDone)
    if (registers === 'done') return { kind: 'done' }
    if (registers === null) {
      seen.push(await stub.rip(SECOND))
      continue
    }
    const wait = bound.waits.get(registers.rip)
    const isOwn = registers.fsBase === fsBase[SECOND]
    if (wait && (await isForFirst(session, wait, isOwn, registers, entry))) return { kind: 'waits', symbol: wait.symbol }
    traps.clear()
    await stub.step(SECOND)
  }
  const place = mostOften([...seen, await stub.rip(SECOND)].map((rip) => session.symbols.name(rip)))
  throw new VoidTrial(`the second actor neither ends nor waits for a lock of the first one: it is at ${place}`)
}

/** The place where most of the looks found it, as `function+0x12`: one of them alone may have met a timer's interrupt. */
function mostOften(places: readonly string[]): string | undefined {
  const byFunction = Map.groupBy(places, (place) => place.replace(/\+0x[\da-f]+$/, ''))
  const [most] = [...byFunction.values()].toSorted((a, b) => b.length - a.length)
  return most?.at(-1)
}

/**
 * Whether the second actor waits here for the first one (`isOwn`: it is at this place itself, not another task of its CPU): the
 * lock names a task whose kernel stack is that of the first actor.
 */
async function isForFirst(
  { stub }: Session,
  { lock, owner }: Schedule['waits'][number],
  isOwn: boolean,
  { arguments: given }: Registers,
  entry: Entry,
): Promise<boolean> {
  // Who holds a spin lock is not preempted, so it runs on the other CPU; and whoever waits for it leaves its CPU to nobody.
  if (owner === null) return true
  if (!isOwn) return false
  const task = (await stub.readU64(SECOND, (given[lock - 1] ?? 0n) + BigInt(owner))) ?? 0n
  const bytes = task === 0n ? null : await stub.read(SECOND, task & ~7n, TASK_BYTES)
  if (!bytes) return false
  const bases = STACK_SIZES.map((size) => entry.rsp & ~(size - 1n))
  return Array.from({ length: TASK_BYTES / 8 }, (_, word) => bytes.readBigUInt64LE(8 * word)).some((word) => bases.includes(word))
}
