/** The program of a scheduled race, as its debugger sees it: the block of c-tests/include/race/schedule.h in its memory. */
import type { Stub, Vcpu } from './stub.ts'

const MAGIC = 'kwsched1'
/** Offsets of the fields, of 8 bytes each. */
const AT = {
  magic: 0,
  subject: 8,
  begin: 16,
  go: 24,
  command: 32,
  prepared: 40,
  firstEnded: 48,
  secondEnded: 56,
  result: 64,
} as const
const BLOCK_BYTES = 72

/** What the program does next. */
export const COMMAND = { trial: 1n, disabled: 2n, quit: 3n } as const

/** Not the number of any trial: the program begins to make trials and waits for the first. */
const ATTACHED = (1n << 64n) - 1n

export interface ProgramBlock {
  readonly address: bigint
  /** Of the program's process. A child of its actors has a copy of the block at the same address. */
  readonly pageTable: bigint
  /** The address that the race is about. */
  readonly subject: bigint
}

export interface ProgramState {
  /** The trial that can begin, from 1. */
  readonly prepared: bigint
  /** The last trial that each actor has ended, from 1. */
  readonly firstEnded: bigint
  readonly secondEnded: bigint
  /** Of the first actor's last trial: 1 when the bug was seen, 0 when not, negative when an actor failed. */
  readonly result: bigint
}

/** The address of the block in what a program printed so far; null when it has not said it. */
export function parseAnnouncement(output: string): bigint | null {
  const address = /^\s*# kwitness: schedule=([0-9a-f]{1,16})\n/m.exec(output)?.[1]
  return address === undefined ? null : BigInt(`0x${address}`)
}

/** The block at this address; null when the vCPU has no such program. */
export async function readBlock(stub: Stub, vcpu: Vcpu, address: bigint): Promise<ProgramBlock | null> {
  const [pageTable, bytes] = await Promise.all([stub.pageTable(vcpu), stub.read(vcpu, address, BLOCK_BYTES)])
  if (bytes?.toString('latin1', AT.magic, AT.magic + 8) !== MAGIC) return null
  return { address, pageTable, subject: bytes.readBigUInt64LE(AT.subject) }
}

/** What the program said so far; null while the vCPU runs another process. */
export async function readState(stub: Stub, vcpu: Vcpu, { address, pageTable }: ProgramBlock): Promise<ProgramState | null> {
  const [process, bytes] = await Promise.all([stub.pageTable(vcpu), stub.read(vcpu, address, BLOCK_BYTES)])
  if (process !== pageTable || !bytes) return null
  return {
    prepared: bytes.readBigUInt64LE(AT.prepared),
    firstEnded: bytes.readBigUInt64LE(AT.firstEnded),
    secondEnded: bytes.readBigUInt64LE(AT.secondEnded),
    result: bytes.readBigInt64LE(AT.result),
  }
}

function writeFields(stub: Stub, vcpu: Vcpu, address: bigint, values: readonly bigint[]): void {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(value, 8 * index)
  stub.write(vcpu, address, bytes)
}

/** Have the program begin to make trials. */
export function sayAttached(stub: Stub, vcpu: Vcpu, { address }: ProgramBlock): void {
  writeFields(stub, vcpu, address + BigInt(AT.begin), [ATTACHED])
}

/** Have both actors begin trial `trial`, or end the program. */
export function begin(stub: Stub, vcpu: Vcpu, { address }: ProgramBlock, trial: bigint, command: bigint): void {
  writeFields(stub, vcpu, address + BigInt(AT.begin), command === COMMAND.quit ? [trial, 0n, command] : [trial, trial, command])
}
