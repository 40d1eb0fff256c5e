/** The stub of QEMU 7.2 and later: vCPUs, registers, memory and breakpoints of an x86-64 guest. */
import type { Readable } from 'node:stream'
import { InfraError } from '#domain/errors.ts'
import type { GdbClient, StopCause } from './client.ts'

/** A vCPU by its number, from 0. */
export type Vcpu = 0 | 1

export interface Registers {
  readonly rip: bigint
  readonly rsp: bigint
  /** Arguments of a function at its entry, in order. */
  readonly arguments: readonly bigint[]
  /** Differs between threads of a program, and stays when one enters the kernel. */
  readonly fsBase: bigint
}

/** Numbers of registers in the order of `g`: rax rbx rcx rdx rsi rdi rbp rsp r8 ... r15 rip. */
const AT = { rcx: 2, rdx: 3, rsi: 4, rdi: 5, rsp: 7, r8: 8, r9: 9, rip: 16 } as const
const ARGUMENTS = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'] as const
/** Behind the 17 registers: eflags and six segments of 4 bytes each, then the base of fs. */
const FS_BASE = 17 * 8 + 7 * 4
/** Bytes that one `m` may ask for: the stub answers in a buffer of 4096. */
const MAX_READ = 1024

const threadOf = (vcpu: Vcpu): string => `p01.0${vcpu + 1}`

export interface Stub {
  readonly registers: (vcpu: Vcpu) => Promise<Registers>
  readonly rip: (vcpu: Vcpu) => Promise<bigint>
  readonly setRip: (vcpu: Vcpu, rip: bigint) => Promise<void>
  /** Null where the address is not mapped. */
  readonly read: (vcpu: Vcpu, at: bigint, bytes: number) => Promise<Buffer | null>
  readonly readU64: (vcpu: Vcpu, at: bigint) => Promise<bigint | null>
  /** Throws InfraError where the address is not mapped. */
  readonly write: (vcpu: Vcpu, at: bigint, bytes: Uint8Array) => Promise<void>
  readonly setBreakpoint: (at: bigint, isSet: boolean) => Promise<void>
  /** One step of one vCPU; the other stands still. */
  readonly step: (vcpu: Vcpu) => Promise<void>
  /** Let one vCPU run, or both, until one stops, guest code writes a mark, or `limitMs` are over. */
  readonly run: (vcpu: Vcpu | 'both', limitMs: number) => Promise<StopCause>
}

/** Greet the stub. The guest stands still from then on. Throws InfraError when the stub is another than QEMU's. */
export async function openStub(client: GdbClient, marks: Readable): Promise<Stub> {
  let tell: () => void = () => undefined
  marks.on('data', () => tell())
  await client.greet('qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+')
  // Without it QEMU 7.2 answers `p` with nothing.
  await client.ask('qXfer:features:read:target.xml:0,fff')
  const threads = await client.ask('qfThreadInfo')
  for (let more = threads; more.startsWith('m');) more = await client.ask('qsThreadInfo')
  if (!threads.startsWith('mp01.01')) throw new InfraError(`the debugger of QEMU names its vCPUs ${threads}`)
  /** The vCPU that registers and memory are read of. Each stop makes it the one that stopped. */
  let selected: Vcpu | null = null

  async function expectOk(command: string): Promise<void> {
    const answer = await client.ask(command)
    if (answer !== 'OK') throw new InfraError(`the debugger of QEMU answered ${command.slice(0, 40)} with ${answer || 'nothing'}`)
  }

  async function select(vcpu: Vcpu): Promise<void> {
    if (selected === vcpu) return
    await expectOk(`Hg${threadOf(vcpu)}`)
    selected = vcpu
  }

  function noteStop(text: string): void {
    const number = /thread:p0?1\.0?([12]);/.exec(text)?.[1]
    if (number === undefined)
      throw new InfraError(`the debugger of QEMU reported a stop that cannot be read: ${text.slice(0, 60)}`)
    selected = number === '1' ? 0 : 1
  }

  async function read(vcpu: Vcpu, at: bigint, bytes: number): Promise<Buffer | null> {
    await select(vcpu)
    const parts: Buffer[] = []
    for (let done = 0; done < bytes; done += MAX_READ) {
      const length = Math.min(MAX_READ, bytes - done)
      const answer = await client.ask(`m${(at + BigInt(done)).toString(16)},${length.toString(16)}`)
      if (answer.startsWith('E') || answer.length !== 2 * length) return null
      parts.push(Buffer.from(answer, 'hex'))
    }
    return Buffer.concat(parts)
  }

  return {
    read,
    registers: async (vcpu) => {
      await select(vcpu)
      const bytes = Buffer.from(await client.ask('g'), 'hex')
      if (bytes.length < FS_BASE + 8) throw new InfraError('the debugger of QEMU answered with too few registers')
      const register = (name: keyof typeof AT): bigint => bytes.readBigUInt64LE(8 * AT[name])
      const fsBase = bytes.readBigUInt64LE(FS_BASE)
      return { rip: register('rip'), rsp: register('rsp'), arguments: ARGUMENTS.map(register), fsBase }
    },
    rip: async (vcpu) => {
      await select(vcpu)
      const bytes = Buffer.from(await client.ask(`p${AT.rip.toString(16)}`), 'hex')
      if (bytes.length !== 8) throw new InfraError('the debugger of QEMU did not answer with a register')
      return bytes.readBigUInt64LE()
    },
    setRip: async (vcpu, rip) => {
      await select(vcpu)
      const bytes = Buffer.alloc(8)
      bytes.writeBigUInt64LE(rip)
      await expectOk(`P${AT.rip.toString(16)}=${bytes.toString('hex')}`)
    },
    readU64: async (vcpu, at) => (await read(vcpu, at, 8))?.readBigUInt64LE() ?? null,
    write: async (vcpu, at, bytes) => {
      await select(vcpu)
      await expectOk(`M${at.toString(16)},${bytes.length.toString(16)}:${Buffer.from(bytes).toString('hex')}`)
    },
    setBreakpoint: (at, isSet) => expectOk(`${isSet ? 'Z' : 'z'}0,${at.toString(16)},1`),
    step: async (vcpu) => noteStop(await client.ask(`vCont;s:${threadOf(vcpu)}`)),
    run: async (vcpu, limitMs) => {
      const told = new Promise<void>((resolve) => (tell = resolve))
      const command = vcpu === 'both' ? 'vCont;c' : `vCont;c:${threadOf(vcpu)}`
      const { stop, cause } = await client.resume(command, told, limitMs)
      noteStop(stop)
      return cause
    },
  }
}
