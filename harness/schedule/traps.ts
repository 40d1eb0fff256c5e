/**
 * Places in code at which a vCPU is caught. A breakpoint of QEMU would do, but when one is hit QEMU throws away all code that
 * it has translated (gdb_vm_state_change), and to translate it anew takes ten times as long as a trial. So the instruction is
 * replaced by a loop instead: the vCPU turns there until it is paused, which costs nothing, and the instruction is put back.
 */
import type { Registers, Stub, Vcpu } from './stub.ts'

/**
 * `tell`: `out %al, $0xe9` tells that somebody came, then `jmp .`; 4 bytes, for code that only one thread executes. `spin`:
 * `jmp .` alone, 2 bytes, so it is looked at again and again, and may be taken away while somebody turns there. `break`: a
 * breakpoint of QEMU, for places where not even 2 bytes may be replaced.
 */
export type TrapKind = 'tell' | 'spin' | 'break'

export interface Trap {
  readonly address: bigint
  readonly kind: TrapKind
}

const CODE: Readonly<Record<'tell' | 'spin', Buffer>> = {
  tell: Buffer.from([0xe6, 0xe9, 0xeb, 0xfe]),
  spin: Buffer.from([0xeb, 0xfe]),
}
/** Where in its code a caught vCPU turns. */
const TURNS_AT: Readonly<Record<TrapKind, bigint>> = { tell: 2n, spin: 0n, break: 0n }
/**
 * Between two looks at a vCPU: at first where the place does not tell and where it does, and at most. A vCPU that is paused in
 * an interrupt turns again when that is over, and tells nothing more.
 */
const LOOK_MS = { spin: 0, tell: 20, first: 1, most: 160 } as const
/** Looks without a wait before the first with one. */
const IMMEDIATE_LOOKS = 4

interface RunTo {
  (vcpu: Vcpu, places: readonly Trap[], limitMs: number): Promise<Registers | null>
  (vcpu: Vcpu, places: readonly Trap[], limitMs: number, isDone: () => Promise<boolean>): Promise<Registers | 'done' | null>
}

export interface Traps {
  /**
   * Let a vCPU run until it stands at one of these places, or until `isDone` holds when guest code has told something. Null
   * when neither comes about within `limitMs`.
   */
  readonly runTo: RunTo
  /** What the code at this address was when it was first read, without traps; null where it is not mapped. */
  readonly codeAt: (vcpu: Vcpu, address: bigint) => Promise<Buffer | null>
  /** Put all instructions back. */
  readonly clear: () => void
}

/** Bytes of code that are read around a trap: the longest has four. */
const CODE_BYTES = 4

export function createTraps(stub: Stub): Traps {
  /** Traps with the code that they replace; null for a breakpoint. */
  const set = new Map<bigint, Buffer | null>()
  const codes = new Map<bigint, Buffer>()

  async function codeAt(vcpu: Vcpu, address: bigint): Promise<Buffer | null> {
    const known = codes.get(address)
    if (known) return known
    clear()
    const code = await stub.read(vcpu, address, CODE_BYTES)
    if (code) codes.set(address, code)
    return code
  }

  function clear(): void {
    for (const [address, original] of set) {
      if (original) stub.write(0, address, original)
      else stub.setBreakpoint(address, false)
    }
    set.clear()
  }

  /** The kernel may have changed the code since the last time, so it is read again, on the same journey as the trap. */
  async function put(vcpu: Vcpu, { address, kind }: Trap): Promise<void> {
    if (kind === 'break') {
      stub.setBreakpoint(address, true)
      set.set(address, null)
      return
    }
    const reading = stub.read(vcpu, address, CODE[kind].length)
    stub.write(vcpu, address, CODE[kind])
    const original = await reading
    if (original) set.set(address, original)
  }

  /** The registers of a vCPU that is caught, set back to the place itself; null when it is not. */
  async function caught(vcpu: Vcpu, places: readonly Trap[]): Promise<Registers | null> {
    const registers = await stub.registers(vcpu)
    const place = places.find(({ address, kind }) => registers.rip === address + TURNS_AT[kind])
    if (!place) return null
    if (registers.rip !== place.address) stub.setRip(vcpu, place.address)
    return { ...registers, rip: place.address }
  }

  async function runTo(
    vcpu: Vcpu,
    places: readonly Trap[],
    limitMs: number,
    isDone: () => Promise<boolean> = async () => false,
  ): Promise<Registers | 'done' | null> {
    clear()
    const putting = Promise.all(places.map((place) => put(vcpu, place)))
    const looks = places.some(({ kind }) => kind === 'spin')
    const deadline = performance.now() + limitMs
    let look: number = looks ? LOOK_MS.spin : LOOK_MS.tell
    for (let made = 1; ; made += 1) {
      const left = deadline - performance.now()
      const [cause] = await Promise.all([stub.run(vcpu, Math.max(0, Math.min(look, left))), putting])
      const [registers, done] = await Promise.all([caught(vcpu, places), isDone()])
      if (registers) return registers
      if (done) return 'done'
      if (performance.now() >= deadline) return null
      if (cause === 'stop') look = LOOK_MS.spin
      else if (look > 0 || made >= IMMEDIATE_LOOKS) look = Math.min(LOOK_MS.most, Math.max(LOOK_MS.first, look * 2))
    }
  }

  return { runTo: runTo as RunTo, codeAt, clear }
}
