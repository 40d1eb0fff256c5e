/** The stub of QEMU 7.2 and later: vCPUs, registers, memory and breakpoints of an x86-64 guest. */
import { InfraError } from '#domain/errors.ts'
import { TOLD_BY_QMP, type GdbClient, type StopCause } from './client.ts'

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
const AT = { rcx: 2, rdx: 3, rsi: 4, rdi: 5, rsp: 7, r8: 8, r9: 9, rip: 16, cr3: 29 } as const
/** The bits of cr3 that name the page tables of a process: a kernel with page table isolation has two of them side by side. */
const PAGE_TABLE = ~0x1fffn & ((1n << 52n) - 1n)
const ARGUMENTS = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'] as const
/** Behind the 17 registers: eflags and six segments of 4 bytes each, then the base of fs. */
const FS_BASE = 17 * 8 + 7 * 4
/** Bytes that one `m` may ask for: the stub answers in a buffer of 4096. */
const MAX_READ = 1024

const threadOf = (vcpu: Vcpu): string => `p01.0${vcpu + 1}`

/** Greet the stub. The guest stands still from then on. Throws InfraError when the stub is another than QEMU's. */
export async function openStub(client: GdbClient): Promise<Stub> {
  await client.ask('qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+')
  // Without it QEMU 7.2 answers `p` with nothing.
  await client.ask('qXfer:features:read:target.xml:0,fff')
  const threads = await client.ask('qfThreadInfo')
  for (let more = threads; more.startsWith('m');) more = await client.ask('qsThreadInfo')
  if (!threads.startsWith('mp01.01')) throw new InfraError(`the debugger of QEMU names its vCPUs ${threads}`)
  return new Stub(client)
}

/**
 * Commands are sent when they are called, in their order. Nobody waits for those without an answer: what became of them is
 * told by the next one that has an answer. `openStub` makes one.
 */
export class Stub {
  readonly #client: GdbClient
  /** The vCPU that registers and memory are read of. A stop may make it another one. */
  #selected: Vcpu | null = null
  /** Commands whose OK is to come. */
  #posted: Promise<void>[] = []

  constructor(client: GdbClient) {
    this.#client = client
  }

  async registers(vcpu: Vcpu): Promise<Registers> {
    this.#select(vcpu)
    const bytes = Buffer.from(await this.#after(this.#client.ask('g')), 'hex')
    if (bytes.length < FS_BASE + 8) throw new InfraError('the debugger of QEMU answered with too few registers')
    const register = (name: Exclude<keyof typeof AT, 'cr3'>): bigint => bytes.readBigUInt64LE(8 * AT[name])
    const fsBase = bytes.readBigUInt64LE(FS_BASE)
    return { rip: register('rip'), rsp: register('rsp'), arguments: ARGUMENTS.map(register), fsBase }
  }

  rip(vcpu: Vcpu): Promise<bigint> {
    return this.#register(vcpu, 'rip')
  }

  /** The physical address of the page tables in use: which process this vCPU runs. */
  async pageTable(vcpu: Vcpu): Promise<bigint> {
    return (await this.#register(vcpu, 'cr3')) & PAGE_TABLE
  }

  setRip(vcpu: Vcpu, rip: bigint): void {
    this.#select(vcpu)
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(rip)
    this.#post(`P${AT.rip.toString(16)}=${bytes.toString('hex')}`)
  }

  /** Null where the address is not mapped. */
  async read(vcpu: Vcpu, at: bigint, bytes: number): Promise<Buffer | null> {
    this.#select(vcpu)
    const lengths = Array.from({ length: Math.ceil(bytes / MAX_READ) }, (_, part) => Math.min(MAX_READ, bytes - part * MAX_READ))
    const asked = lengths.map((length, part) =>
      this.#client.ask(`m${(at + BigInt(part * MAX_READ)).toString(16)},${length.toString(16)}`),
    )
    const answers = await this.#after(Promise.all(asked))
    const isWhole = answers.every((answer, part) => !answer.startsWith('E') && answer.length === 2 * (lengths[part] ?? 0))
    return isWhole ? Buffer.from(answers.join(''), 'hex') : null
  }

  /** Null where the address is not mapped. */
  async readU64(vcpu: Vcpu, at: bigint): Promise<bigint | null> {
    return (await this.read(vcpu, at, 8))?.readBigUInt64LE() ?? null
  }

  /** The next answer rejects with InfraError where the address is not mapped. */
  write(vcpu: Vcpu, at: bigint, bytes: Uint8Array): void {
    this.#select(vcpu)
    this.#post(`M${at.toString(16)},${bytes.length.toString(16)}:${Buffer.from(bytes).toString('hex')}`)
  }

  setBreakpoint(at: bigint, isSet: boolean): void {
    this.#post(`${isSet ? 'Z' : 'z'}0,${at.toString(16)},1`)
  }

  /** One step of one vCPU; the other stands still. */
  async step(vcpu: Vcpu): Promise<void> {
    this.#noteStop(await this.#after(this.#client.ask(`vCont;s:${threadOf(vcpu)}`)))
  }

  /** Let one vCPU run, or both, until one stops, guest code writes a mark, or `limitMs` are over. */
  async run(vcpu: Vcpu | 'both', limitMs: number): Promise<StopCause> {
    const command = vcpu === 'both' ? 'vCont;c' : `vCont;c:${threadOf(vcpu)}`
    const { stop, cause } = await this.#after(this.#client.resume(command, limitMs))
    this.#noteStop(stop)
    return cause
  }

  /** Wait for all that was sent. */
  settle(): Promise<void> {
    return this.#after(Promise.resolve())
  }

  async #mustBeOk(command: string): Promise<void> {
    const answer = await this.#client.ask(command)
    if (answer !== 'OK') throw new InfraError(`the debugger of QEMU answered ${command.slice(0, 40)} with ${answer || 'nothing'}`)
  }

  #post(command: string): void {
    const done = this.#mustBeOk(command)
    done.catch(() => undefined)
    this.#posted.push(done)
  }

  /** An answer, behind all that was posted before it. */
  async #after<T>(answer: Promise<T>): Promise<T> {
    const before = this.#posted
    this.#posted = []
    const [result] = await Promise.all([answer, ...before])
    return result
  }

  #select(vcpu: Vcpu): void {
    if (this.#selected === vcpu) return
    this.#post(`Hg${threadOf(vcpu)}`)
    this.#selected = vcpu
  }

  #noteStop(text: string): void {
    if (text !== TOLD_BY_QMP && !/thread:p0?1\.0?[12];/.test(text))
      throw new InfraError(`the debugger of QEMU reported a stop that cannot be read: ${text.slice(0, 60)}`)
    this.#selected = null
  }

  async #register(vcpu: Vcpu, name: keyof typeof AT): Promise<bigint> {
    this.#select(vcpu)
    const bytes = Buffer.from(await this.#after(this.#client.ask(`p${AT[name].toString(16)}`)), 'hex')
    if (bytes.length !== 8) throw new InfraError('the debugger of QEMU did not answer with a register')
    return bytes.readBigUInt64LE()
  }
}
