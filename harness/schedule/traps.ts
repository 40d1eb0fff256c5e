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
  /** Put all instructions back. */
  readonly clear: () => Promise<void>
}

export function createTraps(stub: Stub): Traps {
  const set = new Map<bigint, { readonly kind: TrapKind; readonly original: Buffer | null }>()

  async function remove(vcpu: Vcpu, address: bigint): Promise<void> {
    const original = set.get(address)?.original
    if (original) await stub.write(vcpu, address, original)
    else await stub.setBreakpoint(address, false)
    set.delete(address)
  }

  async function put(vcpu: Vcpu, { address, kind }: Trap): Promise<boolean> {
    if (kind === 'break') {
      await stub.setBreakpoint(address, true)
      set.set(address, { kind, original: null })
      return true
    }
    const original = await stub.read(vcpu, address, CODE[kind].length)
    if (!original) return false
    await stub.write(vcpu, address, CODE[kind])
    set.set(address, { kind, original })
    return true
  }

  /** The registers of a vCPU that is caught, set back to the place itself; null when it is not. */
  async function caught(vcpu: Vcpu, places: readonly Trap[]): Promise<Registers | null> {
    const registers = await stub.registers(vcpu)
    const place = places.find(({ address, kind }) => registers.rip === address + TURNS_AT[kind])
    if (!place) return null
    if (registers.rip !== place.address) await stub.setRip(vcpu, place.address)
    return { ...registers, rip: place.address }
  }

  async function runTo(
    vcpu: Vcpu,
    places: readonly Trap[],
    limitMs: number,
    isDone: () => Promise<boolean> = async () => false,
  ): Promise<Registers | 'done' | null> {
    for (const address of set.keys()) await remove(vcpu, address)
    for (const place of places) if (!(await put(vcpu, place))) return null
    const looks = places.some(({ kind }) => kind === 'spin')
    const deadline = performance.now() + limitMs
    let look: number = looks ? LOOK_MS.spin : LOOK_MS.tell
    for (let made = 1; ; made += 1) {
      const left = deadline - performance.now()
      const cause = await stub.run(vcpu, Math.max(0, Math.min(look, left)))
      const registers = await caught(vcpu, places)
      if (registers) return registers
      if (await isDone()) return 'done'
      if (performance.now() >= deadline) return null
      if (cause === 'told') look = LOOK_MS.spin
      else if (look > 0 || made >= IMMEDIATE_LOOKS) look = Math.min(LOOK_MS.most, Math.max(LOOK_MS.first, look * 2))
    }
  }

  return {
    runTo: runTo as RunTo,
    clear: async () => {
      for (const address of set.keys()) await remove(0, address)
    },
  }
}
