/** A conversation with a guest: the agent's frames on one port, the kernel log on the other. */
import type { Duplex, Readable } from 'node:stream'
import { createFrameReader, NO_KEY, type Frame } from './frames.ts'
import { createLog, type BoundedLog } from './log.ts'

/** What can come next from a guest. */
type GuestEvent =
  | { readonly kind: 'frame'; readonly frame: Frame }
  /** QEMU's process is gone. */
  | { readonly kind: 'gone' }
  /** Nothing happened until the deadline. */
  | { readonly kind: 'timeout' }

/** What a conversation needs of a running guest. */
export interface GuestPorts {
  /** The kernel log. */
  readonly console: Readable
  /** The agent's frames and our requests. */
  readonly agent: Duplex
  /** Settles when QEMU is gone. */
  readonly exited: Promise<unknown>
}

export interface Conversation {
  readonly console: BoundedLog
  /** Ask the agent to run the case; its frames carry the key from then on. */
  readonly run: (key: string, words: readonly (string | number | bigint)[]) => void
  /** Ask for a sign of life. */
  readonly ping: () => void
  /** The next event, at the latest at `deadline` (performance.now() milliseconds). */
  readonly next: (deadline: number) => Promise<GuestEvent>
  /** Whether the console said `text` before `deadline`; false when QEMU is gone or time is over. */
  readonly consoleSays: (text: string, deadline: number) => Promise<boolean>
  /** performance.now() when the console or the agent last said something. */
  readonly lastWord: () => number
}

const WINDOW = 256

/** False, once the ports were read: timers come before them, and after a stall of this host the answer may lie there. */
const timeIsOver = (): Promise<false> => new Promise((resolve) => setImmediate(() => resolve(false)))

/**
 * Listen to a machine from now on. The console is always drained: a full port would stop the guest. `before` is what
 * its console said in the boot it was saved from.
 */
export function converse(machine: GuestPorts, before: Buffer = Buffer.alloc(0)): Conversation {
  let key = NO_KEY
  const read = createFrameReader(() => key)
  const events: GuestEvent[] = []
  const console = createLog()
  console.write(before)
  let window = ''
  let gone = false
  let lastWord = performance.now()
  let wake: () => void = () => undefined

  function heard(): void {
    lastWord = performance.now()
    wake()
  }

  machine.console.on('data', (chunk: Buffer) => {
    console.write(chunk)
    window = (window + chunk.toString('latin1')).slice(-Math.max(WINDOW, chunk.length + WINDOW))
    heard()
  })
  machine.agent.on('data', (chunk: Buffer) => {
    for (const frame of read(chunk)) events.push({ kind: 'frame', frame })
    heard()
  })
  void machine.exited.then(() => {
    gone = true
    wake()
  })

  /** Wait until something is heard, QEMU is gone or time is over; false for the latter. */
  async function hear(deadline: number): Promise<boolean> {
    const left = deadline - performance.now()
    if (left <= 0) return timeIsOver()
    let timer: NodeJS.Timeout | undefined
    const heardIt = await new Promise<boolean>((resolve) => {
      wake = () => resolve(true)
      timer = setTimeout(() => resolve(timeIsOver()), left)
    })
    clearTimeout(timer)
    return heardIt
  }

  return {
    console,
    lastWord: () => lastWord,
    run: (given, words) => {
      key = given
      machine.agent.write(`${['run', key, ...words].join(' ')}\n`)
    },
    ping: () => void machine.agent.write('ping 1\n'),
    next: async (deadline) => {
      for (;;) {
        const event = events.shift()
        if (event) return event
        if (gone) return { kind: 'gone' }
        if (!(await hear(deadline)) && events.length === 0 && !gone) return { kind: 'timeout' }
      }
    },
    consoleSays: async (text, deadline) => {
      while (!window.includes(text)) {
        if (gone || !(await hear(deadline))) return window.includes(text)
      }
      return true
    },
  }
}
