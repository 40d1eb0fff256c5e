/** The channel to a running guest: the agent's frames on one port, the kernel log on the other. */
import type { Duplex, Readable } from 'node:stream'
import { createFrameReader, NO_KEY, type Frame } from './frames.ts'
import { createLog } from './log.ts'

/** The next thing that happens in a guest. */
type GuestEvent =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** The process of QEMU has ended. */
  | { readonly kind: 'exited' }
  /** The way to the agent has ended, and QEMU has not. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** Nothing happened until the deadline. */
  | { readonly kind: 'timeout' }

/** The ports of a running guest. */
export interface GuestPorts {
  /** The kernel log. */
  readonly console: Readable
  /** The agent's frames and our requests. */
  readonly agent: Duplex
  /** Settles when QEMU has ended. */
  readonly exited: Promise<unknown>
  /** Settles with the reason when the way to the agent has ended; a serial port ends with QEMU alone. */
  readonly lost?: Promise<string>
}

/** Milliseconds in which a QEMU that ends is noticed behind the way to its agent. */
const EXIT_MS = 3000

/** Bytes of the console's end in which waitForConsole searches, at least. */
const MIN_TAIL_BYTES = 256

/** Resolves to false after pending reads: timers run before ports, so after a stall of this host the answer may be unread. */
const afterPendingReads = (): Promise<false> => new Promise((resolve) => setImmediate(() => resolve(false)))

/**
 * Reads both ports from its creation on. It always drains the console, because a full port would stop the guest. Deadlines
 * are in milliseconds of performance.now().
 */
export class GuestChannel {
  /** The kernel log so far; of a restored guest it starts with the log of its boot. */
  readonly console = createLog()
  readonly #agent: Duplex
  readonly #events: GuestEvent[] = []
  readonly #readFrames = createFrameReader(() => this.#key)
  #key = NO_KEY
  #consoleTail = ''
  #hasExited = false
  #lastActivity = performance.now()
  #wake: () => void = () => undefined

  constructor(ports: GuestPorts, bootLog: Buffer = Buffer.alloc(0)) {
    this.#agent = ports.agent
    this.console.write(bootLog)
    ports.console.on('data', (chunk: Buffer) => this.#receiveConsole(chunk))
    ports.agent.on('data', (chunk: Buffer) => this.#receiveFrames(chunk)).resume()
    void ports.exited.then(() => {
      this.#hasExited = true
      this.#wake()
    })
    void ports.lost?.then((reason) => this.#lose(reason))
  }

  /** performance.now() of the last byte on either port. */
  get lastActivity(): number {
    return this.#lastActivity
  }

  /** Ask the agent to run the case; from then on its frames must have this key. Numbers are rounded up: it reads whole ones. */
  run(key: string, words: readonly (string | number | bigint)[]): void {
    this.#key = key
    const whole = words.map((word) => (typeof word === 'number' ? Math.ceil(word) : word))
    this.#agent.write(`${['run', key, ...whole].join(' ')}\n`)
  }

  /** Ask the agent for a pong. */
  ping(): void {
    this.#agent.write('ping 1\n')
  }

  /** The next event, `timeout` when none comes before the deadline. */
  async next(deadline: number): Promise<GuestEvent> {
    for (;;) {
      const event = this.#events.shift()
      if (event) return event
      if (this.#hasExited) return { kind: 'exited' }
      const isActive = await this.#waitForActivity(deadline)
      if (!isActive && this.#events.length === 0 && !this.#hasExited) return { kind: 'timeout' }
    }
  }

  /** Wait until the console prints `text`; false when QEMU ends or the deadline passes before. */
  async waitForConsole(text: string, deadline: number): Promise<boolean> {
    while (!this.#consoleTail.includes(text)) {
      if (this.#hasExited || !(await this.#waitForActivity(deadline))) return this.#consoleTail.includes(text)
    }
    return true
  }

  #receiveConsole(chunk: Buffer): void {
    this.console.write(chunk)
    const tail = this.#consoleTail + chunk.toString('latin1')
    this.#consoleTail = tail.slice(-Math.max(MIN_TAIL_BYTES, chunk.length + MIN_TAIL_BYTES))
    this.#noteActivity()
  }

  #receiveFrames(chunk: Buffer): void {
    for (const frame of this.#readFrames(chunk)) {
      if (frame.type === 'sync') this.#agent.write('synced\n')
      else this.#events.push({ kind: 'frame', frame })
    }
    this.#noteActivity()
  }

  /** A guest that ends takes the way to its agent with it, a moment before QEMU ends. */
  #lose(reason: string): void {
    const timer = setTimeout(() => {
      this.#events.push({ kind: 'lost', reason })
      this.#wake()
    }, EXIT_MS)
    timer.unref()
  }

  #noteActivity(): void {
    this.#lastActivity = performance.now()
    this.#wake()
  }

  /** Wait for a byte or the end of QEMU; false when the deadline passes before. */
  async #waitForActivity(deadline: number): Promise<boolean> {
    const left = deadline - performance.now()
    if (left <= 0) return afterPendingReads()
    let timer: NodeJS.Timeout | undefined
    const isActive = await new Promise<boolean>((resolve) => {
      this.#wake = () => resolve(true)
      timer = setTimeout(() => resolve(afterPendingReads()), left)
    })
    clearTimeout(timer)
    return isActive
  }
}
