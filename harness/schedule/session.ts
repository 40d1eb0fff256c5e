/** A guest whose program makes scheduled trials, held by the debugger between two of them. */
import type { CodeSymbols } from './image/symbols.ts'
import { begin, COMMAND, readBlock, readState, sayAttached, type ProgramBlock, type ProgramState } from './program.ts'
import { createTraps, type Traps } from './traps.ts'
import type { Registers, Stub, Vcpu } from './stub.ts'

/** The first actor runs on vCPU 0, the second on vCPU 1. */
export const FIRST = 0 satisfies Vcpu
export const SECOND = 1 satisfies Vcpu

/** A trial or a path that proves nothing, in one clause for people. Never an answer. */
export class VoidTrial extends Error {
  override readonly name: string = 'VoidTrial'
}

/** An interrupt came between: another try of the same may do. */
export class Disturbed extends VoidTrial {
  override readonly name = 'Disturbed'
}

/** The first actor came to the end of its window by another way than its path. */
export class LeftPath extends VoidTrial {
  override readonly name = 'LeftPath'
}

/** The guest is not between two trials any more, so no further one can be made in it: another try cannot help. */
export class LostGuest extends Error {
  override readonly name = 'LostGuest'
}

/** Host time for anything that a guest does within milliseconds. */
export const STOP_MS = 10_000
/** Steps of one actor until it is behind an instruction: a page is copied or cleared by one that takes up to 4096. */
const MAX_EMPTY_STEPS = 5000
const MAX_LOOKS = 1000
/** What is told may come late (traps.ts). */
const LOOK_MS = 50
const FIRST_KERNEL_ADDRESS = 1n << 63n

export interface Session {
  readonly stub: Stub
  readonly traps: Traps
  readonly block: ProgramBlock
  /** Of the program's threads, by which they are told from others on their vCPU. */
  readonly fsBase: readonly [bigint, bigint]
  readonly symbols: CodeSymbols
  /** The trial that begins next, from 1. */
  trial: bigint
}

/** Step an actor until it has executed one instruction. Returns its registers behind it. */
export async function stepOne(stub: Stub, vcpu: Vcpu, from: bigint): Promise<Registers> {
  for (let steps = 0; steps < MAX_EMPTY_STEPS; steps += 1) {
    await stub.step(vcpu)
    const registers = await stub.registers(vcpu)
    if (registers.rip !== from) return registers
  }
  throw new VoidTrial(`an actor is not behind one instruction in ${MAX_EMPTY_STEPS} steps, at 0x${from.toString(16)}`)
}

/** Let one vCPU run for a little while until `test` holds. Returns whether it came to hold. */
async function runUntil(stub: Stub, vcpu: Vcpu | 'both', test: () => Promise<boolean>, lookMs: number): Promise<boolean> {
  const deadline = performance.now() + STOP_MS
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    if (await test()) return true
    const left = deadline - performance.now()
    if (left <= 0) return false
    await stub.run(vcpu, Math.min(left, lookMs))
  }
  return false
}

/** Hold the program whose block lies at this address before its first trial. Throws LostGuest when it does not come there. */
export async function attach(stub: Stub, address: bigint, symbols: CodeSymbols): Promise<Session> {
  let block: ProgramBlock | null = null
  let vcpu: Vcpu = FIRST as Vcpu
  // Another program may run on either vCPU.
  await runUntil(
    stub,
    'both',
    async () => {
      for (vcpu of [FIRST, SECOND] as const) if ((block = await readBlock(stub, vcpu, address))) return true
      return false
    },
    1,
  )
  if (!block) throw new LostGuest('the program is not where it said')
  sayAttached(stub, vcpu, block)
  const traps = createTraps(stub)
  const session = { stub, traps, block, symbols, fsBase: [0n, 0n] as [bigint, bigint], trial: 1n }
  await waitForTrial(session)
  session.fsBase[FIRST] = (await stub.registers(FIRST)).fsBase
  session.fsBase[SECOND] = (await stub.registers(SECOND)).fsBase
  return session
}

/** Let both run until the next trial can begin. Returns what the program says then. Throws LostGuest when it never can. */
async function waitForTrial({ stub, block, trial, symbols }: Session): Promise<ProgramState> {
  let state: ProgramState | null = null
  const isPrepared = async (): Promise<boolean> => {
    const [first, second] = await Promise.all([readState(stub, FIRST, block), readState(stub, SECOND, block)])
    state = first ?? second
    return state?.prepared === trial
  }
  if ((await runUntil(stub, 'both', isPrepared, LOOK_MS)) && state) return state
  const [first, second] = [symbols.name(await stub.rip(FIRST)), symbols.name(await stub.rip(SECOND))]
  throw new LostGuest(`the trial does not come to its end: the first actor is at ${first}, the second one at ${second}`)
}

/** Have both actors free to begin the next trial: neither has done anything of it yet. */
export async function beginTrial({ stub, block, trial }: Session, disabled: boolean): Promise<void> {
  // In an interrupt an actor may hold locks, or wait for the other one, for as long as it stands still.
  const areOutside = async (): Promise<boolean> => {
    const isOutside = async (vcpu: Vcpu): Promise<boolean> => {
      const [rip, process] = await Promise.all([stub.rip(vcpu), stub.pageTable(vcpu)])
      return rip < FIRST_KERNEL_ADDRESS && process === block.pageTable
    }
    const [first, second] = await Promise.all([isOutside(FIRST), isOutside(SECOND)])
    return first && second
  }
  if (!(await runUntil(stub, 'both', areOutside, 1))) throw new LostGuest('the actors do not leave the kernel')
  begin(stub, FIRST, block, trial, disabled ? COMMAND.disabled : COMMAND.trial)
}

/** Let both run until the trial is over. Returns whether the program saw the bug. Throws VoidTrial when an actor failed. */
export async function endTrial(session: Session): Promise<boolean> {
  const { traps, trial } = session
  traps.clear()
  session.trial += 1n
  const state = await waitForTrial(session)
  if (state.firstEnded !== trial || state.secondEnded !== trial) throw new LostGuest('the program lost count of its trials')
  if (state.result < 0n) throw new VoidTrial(`the second actor failed with error ${-state.result}`)
  return state.result > 0n
}

/** Have the program print its results and end, which it does when the guest runs again. */
export async function endProgram({ stub, traps, block, trial }: Session): Promise<void> {
  traps.clear()
  begin(stub, FIRST, block, trial, COMMAND.quit)
  await stub.settle()
}
