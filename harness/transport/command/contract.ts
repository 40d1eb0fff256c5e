/**
 * The contract of what runs a command somewhere: on this machine (local.ts) or on another one (ssh/). Whatever happens on the
 * other side is an end of the command, never an error, and every wait has a limit.
 */
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'

export interface Command {
  /** Program and arguments; any character but NUL. */
  readonly argv: readonly string[]
  /** Sent to its standard input, which ends then. */
  readonly input?: Uint8Array
  /** Keep its standard input open behind `input`, until the command ends or is given up: its end says that nobody waits. */
  readonly holdsInput?: boolean
  /** Called in order; while a promise is pending, no more is read, so that the command waits. */
  readonly onOutput: (chunk: Buffer) => void | Promise<void>
  /** Its standard error; dropped where not given. */
  readonly onError?: (chunk: Buffer) => void
  /** Seconds after which it is given up. */
  readonly limitSeconds: number
  /** Seconds without a byte of output after which it is given up; `limitSeconds` where not given. */
  readonly silenceSeconds?: number
  readonly signal?: AbortSignal | undefined
}

export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number }
  /** `signal` as the shell names it: `KILL`. */
  | { readonly kind: 'signalled'; readonly signal: string }
  /** The peer or the connection to it went away: nothing is known of the command. */
  | { readonly kind: 'lost'; readonly message: string }
  /** One of the limits passed. It was told to end; on another machine it may go on. */
  | { readonly kind: 'timed-out'; readonly limit: 'limit' | 'silence'; readonly seconds: number }
  | { readonly kind: 'aborted' }

export interface Transport {
  /** The machine, for messages. */
  readonly name: string
  /**
   * Run a command to its end. Output that was read before the end is delivered before this resolves. Rejects only with what
   * `onOutput` throws.
   */
  readonly run: (command: Command) => Promise<CommandEnd>
  /** End the connection; commands that run end as `lost`. */
  readonly close: () => Promise<void>
}

/** A command that was started, as the transports give it to conduct(). */
export interface StartedCommand {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** How it ended; settles also when the connection is lost. */
  readonly ended: Promise<Extract<CommandEnd, { kind: 'exited' | 'signalled' | 'lost' }>>
  /** Tell it to end and close the streams. */
  readonly kill: () => void
}

/** Seconds in which output may still come after the command ended: a child that it left may hold its output open. */
const DRAIN_SECONDS = 2

/** Feed, read and time a started command until it ends. */
export async function conduct(started: StartedCommand, command: Command): Promise<CommandEnd> {
  const given = Promise.withResolvers<CommandEnd>()
  const { limitSeconds, silenceSeconds = limitSeconds, signal } = command
  const giveUp = (end: CommandEnd): void => given.resolve(end)
  const limit = setTimeout(() => giveUp({ kind: 'timed-out', limit: 'limit', seconds: limitSeconds }), limitSeconds * 1000)
  const silent = (): void => giveUp({ kind: 'timed-out', limit: 'silence', seconds: silenceSeconds })
  const silence = setTimeout(silent, silenceSeconds * 1000)
  const abort = (): void => giveUp({ kind: 'aborted' })
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  let failed: { readonly error: unknown } | null = null
  // Both are always read: one that is full would hold up the command.
  const reading = Promise.all([
    readAll(started.stdout, async (chunk) => {
      silence.refresh()
      await command.onOutput(chunk)
    }).catch((error: unknown) => {
      failed = { error }
      giveUp({ kind: 'aborted' })
    }),
    readAll(started.stderr, (chunk) => {
      silence.refresh()
      command.onError?.(chunk)
    }),
  ])
  try {
    feed(started.stdin, command)
    const end = await Promise.race([started.ended, given.promise])
    if (end.kind === 'timed-out' || end.kind === 'aborted') started.kill()
    else await Promise.race([reading, given.promise, afterSeconds(DRAIN_SECONDS)])
    if (failed !== null) throw (failed as { readonly error: unknown }).error
    return end
  } finally {
    clearTimeout(limit)
    clearTimeout(silence)
    signal?.removeEventListener('abort', abort)
    for (const stream of [started.stdin, started.stdout, started.stderr]) stream.destroy()
  }
}

/** A command may end without having read its input: that is no error. */
function feed(stdin: Writable, { input, holdsInput }: Command): void {
  stdin.on('error', () => undefined)
  if (input) stdin.write(input)
  if (!holdsInput) stdin.end()
}

async function readAll(stream: Readable, take: (chunk: Buffer) => void | Promise<void>): Promise<void> {
  // A stream that breaks has ended: why, the end of the command says.
  stream.on('error', () => undefined)
  const closed = once(stream, 'close').catch(() => undefined)
  const chunks: Buffer[] = []
  let wake = (): void => undefined
  let isOver = false
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    stream.pause()
    wake()
  })
  for (const name of ['end', 'close'] as const) {
    stream.on(name, () => {
      isOver = true
      wake()
    })
  }
  void closed
  for (;;) {
    const chunk = chunks.shift()
    if (chunk) {
      await take(chunk)
      stream.resume()
    } else if (isOver) return
    else await new Promise<void>((resolve) => (wake = resolve))
  }
}

function afterSeconds(seconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, seconds * 1000).unref())
}
