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

export interface GdbClient {
  /**
   * The answer to a command, which is sent at once: commands that nobody waits for in between share one journey. Rejects with
   * InfraError when the stub is gone or does not answer.
   */
  readonly ask: (text: string) => Promise<string>
  /**
   * Send a command that lets the guest run, and interrupt it when `limitMs` are over. Returns the stop. Throws InfraError when
   * the stub is gone or does not stop.
   */
  readonly resume: (text: string, limitMs: number) => Promise<{ readonly stop: string; readonly cause: StopCause }>
  /** Packets sent so far. */
  readonly sent: () => number
}

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
 * Speak the protocol on these streams, which nobody else reads or writes. What QMP tells of the guest (`onEvent`) is heard, too:
 * no RESUME of an earlier time may be on its way when the guest first runs.
 */
export function openGdb({ commands, answers }: Ports, onEvent: Qmp['onEvent']): GdbClient {
  const read = createPacketReader()
  const waiting: Waiting[] = []
  let lost: InfraError | null = null
  let sent = 0
  /** Commands that let the guest run, and RESUME events of QMP: each has one, and then one STOP. */
  const resumes = { sent: 0, told: 0 }

  function lose(why: string): InfraError {
    lost ??= new InfraError(`the debugger of QEMU ${why}`)
    for (const { reject } of waiting.splice(0)) reject(lost)
    return lost
  }

  /** A packet belongs to the command that has waited longest; a stop that none waits for is that of the start. */
  function receive(text: string): void {
    if (STOP.test(text)) {
      if (waiting[0] && waiting[0].resumes !== null) waiting.shift()?.resolve(text)
      return
    }
    while (waiting[0]?.isTold) waiting.shift()
    waiting.shift()?.resolve(text)
  }

  onEvent(({ event }) => {
    if (event === 'RESUME' && resumes.told < resumes.sent) resumes.told += 1
    if (event !== 'STOP') return
    const stopped = waiting.find((one) => one.resumes === resumes.told)
    if (!stopped) return
    stopped.isTold = true
    stopped.resolve(TOLD_BY_QMP)
  })

  answers.on('data', (chunk: Buffer) => {
    for (const packet of read(chunk)) {
      if (packet === 'damaged') return void lose('sent a damaged packet')
      if (packet === 'refused') return void lose('got a damaged packet')
      receive(packet.text)
    }
  })
  for (const end of ['error', 'close', 'end']) answers.on(end, () => lose('is gone'))
  commands.on('error', () => lose('is gone'))

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

  async function mustCome(answer: Promise<string>, what: string): Promise<string> {
    const packet = await within(
      answer.then((text) => ({ text })),
      ANSWER_MS,
    )
    if (packet === 'late') throw lose(`does not answer ${what}`)
    return packet.text
  }

  /** What is sent until the caller waits goes out in one piece, so that QEMU wakes up once for it. */
  function transmit(bytes: Buffer): void {
    if (commands.writableCorked === 0) {
      commands.cork()
      process.nextTick(() => commands.uncork())
    }
    commands.write(bytes)
  }

  /** Each packet also says that the last answer arrived whole. */
  function send(text: string): Promise<string> {
    if (lost) return Promise.reject(lost)
    sent += 1
    transmit(Buffer.concat([ACK, encodePacket(text)]))
    const isResuming = text.startsWith('vCont;')
    if (isResuming) resumes.sent += 1
    const answer = { ...Promise.withResolvers<string>(), resumes: isResuming ? resumes.sent : null, isTold: false }
    waiting.push(answer)
    return answer.promise
  }

  return {
    ask: (text) => mustCome(send(text), text.slice(0, 20)),
    resume: async (text, limitMs) => {
      const stopped = send(text).then((stop) => ({ stop, cause: 'stop' as const }))
      const result = await within(stopped, limitMs)
      if (result !== 'late') return result
      transmit(INTERRUPT)
      const stop = await within(stopped, ANSWER_MS)
      if (stop === 'late') throw lose('does not stop the guest')
      return { stop: stop.stop, cause: 'late' }
    },
    sent: () => sent,
  }
}
