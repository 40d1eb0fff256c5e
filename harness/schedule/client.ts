/** A client of gdb's remote protocol on a stream: one command at a time, and stops that are waited for. */
import type { Duplex } from 'node:stream'
import { InfraError } from '#domain/errors.ts'
import { createPacketReader, encodePacket } from './packets.ts'

/** A stub that works answers within milliseconds. */
const ANSWER_MS = 10_000
const ACK = Buffer.from('+')
const INTERRUPT = Buffer.from([0x03])

/** Why a guest that ran stands still: by itself, because it was told to look, or because the time was over. */
export type StopCause = 'stop' | 'told' | 'late'

export interface GdbClient {
  /** The answer to a command. Throws InfraError when the stub is gone or does not answer. */
  readonly ask: (text: string) => Promise<string>
  /** The answer to the first command. A stub may report a stop before it, unasked. */
  readonly greet: (text: string) => Promise<string>
  /**
   * Send a command that lets the guest run, and interrupt it when `told` resolves or `limitMs` are over. Returns the stop.
   * Throws InfraError when the stub is gone or does not stop.
   */
  readonly resume: (
    text: string,
    told: Promise<unknown>,
    limitMs: number,
  ) => Promise<{ readonly stop: string; readonly cause: StopCause }>
  /** Packets sent so far. */
  readonly sent: () => number
}

/** Speak the protocol on this stream, which nobody else reads. */
export function openGdb(stream: Duplex): GdbClient {
  const read = createPacketReader()
  const packets: string[] = []
  let waiting: PromiseWithResolvers<string> | null = null
  let lost: InfraError | null = null
  let sent = 0

  function lose(why: string): InfraError {
    lost ??= new InfraError(`the debugger of QEMU ${why}`)
    waiting?.reject(lost)
    waiting = null
    return lost
  }

  stream.on('data', (chunk: Buffer) => {
    for (const packet of read(chunk)) {
      if (packet === 'damaged') return void lose('sent a damaged packet')
      if (waiting) waiting.resolve(packet.text)
      else packets.push(packet.text)
      waiting = null
    }
  })
  for (const end of ['error', 'close', 'end']) stream.on(end, () => lose('is gone'))

  function next(): Promise<string> {
    const known = packets.shift()
    if (known !== undefined) return Promise.resolve(known)
    if (lost) return Promise.reject(lost)
    waiting ??= Promise.withResolvers<string>()
    return waiting.promise
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

  async function mustCome(what: string): Promise<string> {
    const packet = await within(
      next().then((text) => ({ text })),
      ANSWER_MS,
    )
    if (packet === 'late') throw lose(`does not answer ${what}`)
    return packet.text
  }

  /** Each packet also says that the last answer arrived whole. */
  function send(text: string): void {
    if (lost) throw lost
    sent += 1
    stream.write(Buffer.concat([ACK, encodePacket(text)]))
  }

  return {
    ask: (text) => {
      send(text)
      return mustCome(text.slice(0, 20))
    },
    greet: async (text) => {
      send(text)
      for (;;) {
        const answer = await mustCome(text.slice(0, 20))
        if (!/^[TS][0-9a-f]{2}/.test(answer)) return answer
      }
    },
    resume: async (text, told, limitMs) => {
      send(text)
      const stopped = next().then((stop) => ({ stop, cause: 'stop' as const }))
      const result = await within(Promise.race([stopped, told.then(() => 'told' as const)]), limitMs)
      if (typeof result === 'object') return result
      stream.write(Buffer.concat([ACK, INTERRUPT]))
      const stop = await within(stopped, ANSWER_MS)
      if (stop === 'late') throw lose('does not stop the guest')
      return { stop: stop.stop, cause: result }
    },
    sent: () => sent,
  }
}
