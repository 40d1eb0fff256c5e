/** A client of gdb's remote protocol on a stream: commands that are answered in their order, and stops that are waited for. */
import type { Readable, Writable } from 'node:stream'
import { InfraError } from '#domain/errors.ts'
import type { Qmp } from '#harness/boot/qemu/qmp.ts'
import { createPacketReader, encodePacket } from './packets.ts'

/** A stub that works answers within milliseconds. */
const ANSWER_MS = 10_000
const ACK = Buffer.from('+')
/** Alone: QEMU 8.1 and later stop at any other byte, an acknowledgement too, without a word. */
const INTERRUPT = Buffer.from([0x03])
const STOP = /^[TS][0-9a-f]{2}/
/** A stop that QMP told of. The debugger itself reports it too, or does not: since QEMU 8.1 not that by a mark. */
export const TOLD_BY_QMP = 'told by QMP'

/** Why a guest that ran stands still: it stopped, also by a mark of its own, or the time was over. */
export type StopCause = 'stop' | 'late'

/** An answer that is to come. */
interface Waiting extends PromiseWithResolvers<string> {
  /** Of a command that lets the guest run: its number, from 1; null of any other. */
  readonly resumes: number | null
  /** Whether QMP has told of the stop, so that there may be no answer. */
  isTold: boolean
}

interface Ports {
  readonly commands: Writable
  readonly answers: Readable
}

/**
 * Speaks the protocol on streams that nobody else reads or writes. What QMP tells of the guest (`onEvent`) is heard, too: no
 * RESUME of an earlier time may be on its way when the guest first runs.
 */
export class GdbClient {
  readonly #commands: Writable
  readonly #read = createPacketReader()
  readonly #waiting: Waiting[] = []
  /** Why the stub answers no more; null while it works. */
  #lost: InfraError | null = null
  /** Commands that let the guest run, and RESUME events of QMP: each has one, and then one STOP. */
  readonly #resumes = { sent: 0, told: 0 }

  constructor({ commands, answers }: Ports, onEvent: Qmp['onEvent']) {
    this.#commands = commands
    onEvent(({ event }) => this.#hear(event))
    answers.on('data', (chunk: Buffer) => this.#take(chunk))
    for (const end of ['error', 'close', 'end']) answers.on(end, () => this.#lose('is gone'))
    commands.on('error', () => this.#lose('is gone'))
  }

  /**
   * The answer to a command, which is sent at once: commands that nobody waits for in between share one journey. Rejects with
   * InfraError when the stub is gone or does not answer.
   */
  ask(text: string): Promise<string> {
    return this.#mustCome(this.#send(text), text.slice(0, 20))
  }

  /**
   * Send a command that lets the guest run, and interrupt it when `limitMs` are over. Returns the stop. Throws InfraError when
   * the stub is gone or does not stop.
   */
  async resume(text: string, limitMs: number): Promise<{ readonly stop: string; readonly cause: StopCause }> {
    const stopped = this.#send(text).then((stop) => ({ stop, cause: 'stop' as const }))
    const result = await within(stopped, limitMs)
    if (result !== 'late') return result
    this.#transmit(INTERRUPT)
    const stop = await within(stopped, ANSWER_MS)
    if (stop === 'late') throw this.#lose('does not stop the guest')
    return { stop: stop.stop, cause: 'late' }
  }

  #lose(why: string): InfraError {
    this.#lost ??= new InfraError(`the debugger of QEMU ${why}`)
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost)
    return this.#lost
  }

  /** A packet belongs to the command that has waited longest; a stop that none waits for is that of the start. */
  #receive(text: string): void {
    if (STOP.test(text)) {
      if (this.#waiting[0] && this.#waiting[0].resumes !== null) this.#waiting.shift()?.resolve(text)
      return
    }
    while (this.#waiting[0]?.isTold) this.#waiting.shift()
    this.#waiting.shift()?.resolve(text)
  }

  #take(chunk: Buffer): void {
    for (const packet of this.#read(chunk)) {
      if (packet === 'damaged') return void this.#lose('sent a damaged packet')
      if (packet === 'refused') return void this.#lose('got a damaged packet')
      this.#receive(packet.text)
    }
  }

  #hear(event: string): void {
    if (event === 'RESUME' && this.#resumes.told < this.#resumes.sent) this.#resumes.told += 1
    if (event !== 'STOP') return
    const stopped = this.#waiting.find((one) => one.resumes === this.#resumes.told)
    if (!stopped) return
    stopped.isTold = true
    stopped.resolve(TOLD_BY_QMP)
  }

  async #mustCome(answer: Promise<string>, what: string): Promise<string> {
    const packet = await within(
      answer.then((text) => ({ text })),
      ANSWER_MS,
    )
    if (packet === 'late') throw this.#lose(`does not answer ${what}`)
    return packet.text
  }

  /** What is sent until the caller waits goes out in one piece, so that QEMU wakes up once for it. */
  #transmit(bytes: Buffer): void {
    if (this.#commands.writableCorked === 0) {
      this.#commands.cork()
      process.nextTick(() => this.#commands.uncork())
    }
    this.#commands.write(bytes)
  }

  /** Each packet also says that the last answer arrived whole. */
  #send(text: string): Promise<string> {
    if (this.#lost) return Promise.reject(this.#lost)
    this.#transmit(Buffer.concat([ACK, encodePacket(text)]))
    const isResuming = text.startsWith('vCont;')
    if (isResuming) this.#resumes.sent += 1
    const answer = { ...Promise.withResolvers<string>(), resumes: isResuming ? this.#resumes.sent : null, isTold: false }
    this.#waiting.push(answer)
    return answer.promise
  }
}

/** What `promise` comes to, or `late` after so long: a packet that lies there unread comes first. */
async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<'late'>((resolve) => {
    const end = (): unknown => setImmediate(() => resolve('late'))
    // A timer takes a millisecond at least.
    if (limitMs > 0) timer = setTimeout(end, limitMs)
    else end()
  })
  try {
    return await Promise.race([promise, over])
  } finally {
    clearTimeout(timer)
  }
}
