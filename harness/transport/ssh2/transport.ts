/** The transport to a guest's sshd by ssh2: all commands share one connection, made with the first and again when it ended. */
import type { Channel } from 'ssh2'
import { conduct, type Command, type CommandEnd, type StartedCommand, type Transport } from '../command/contract.ts'
import { connectSsh, SshError, type SshConnection, type SshEndpoint } from './connection.ts'

/** sshd allows ten sessions for each connection (MaxSessions); the others wait for their turn. */
const MAX_SESSIONS = 8
const CONNECT_SECONDS = 15
const ALIVE_SECONDS = 5
/** Milliseconds without output after which a command that has ended is over, though a child may hold its output open. */
const QUIET_MS = 1000

/** A transport to this server. */
export function createSsh2Transport(endpoint: SshEndpoint): Transport {
  let connection: Promise<SshConnection> | null = null
  const waiting: (() => void)[] = []
  let sessions = 0

  /** The connection that is there, or a new one in place of one that failed or ended. */
  function connected(): Promise<SshConnection> {
    if (connection !== null) return connection
    const own = connectSsh(endpoint, { limitSeconds: CONNECT_SECONDS, aliveSeconds: ALIVE_SECONDS })
    const forget = (): void => {
      if (connection === own) connection = null
    }
    own.then(({ ended }) => ended.then(forget), forget)
    connection = own
    return own
  }

  async function takeSession(): Promise<Disposable> {
    // Who ends hands its session on, so that none who comes later takes it.
    if (sessions < MAX_SESSIONS) sessions += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    return {
      [Symbol.dispose]: () => {
        const next = waiting.shift()
        if (next === undefined) sessions -= 1
        else next()
      },
    }
  }

  async function run(command: Command): Promise<CommandEnd> {
    if (command.signal?.aborted) return { kind: 'aborted' }
    using _ = await takeSession()
    try {
      const there = await connected()
      const channel = await there.exec(command.argv)
      return await conduct(started(channel, there.ended), command)
    } catch (error) {
      if (error instanceof SshError) return { kind: 'lost', message: error.message }
      throw error
    }
  }

  return {
    name: `${endpoint.host}:${endpoint.port}`,
    run,
    close: async () => {
      const own = await connection?.catch(() => null)
      await own?.close()
    },
  }
}

type OwnEnd = Awaited<StartedCommand['ended']>

function started(channel: Channel, lost: Promise<string>): StartedCommand {
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended: endOf(channel, lost),
    kill: () => {
      // A server with ForceCommand refuses signals without a word; the end of its input tells the command, too.
      channel.signal('KILL')
      channel.close()
    },
  }
}

/**
 * How a command ended. `exit` comes at once, before output that is under way, and `close` only when nobody holds the output
 * open any more: it has ended at `close`, or when nothing came for a while behind `exit`.
 */
async function endOf(channel: Channel, lost: Promise<string>): Promise<OwnEnd> {
  const end = Promise.withResolvers<OwnEnd>()
  let exit: OwnEnd | null = null
  let quiet: NodeJS.Timeout | undefined
  const touched = (): void => void quiet?.refresh()
  channel.on('data', touched)
  channel.stderr.on('data', touched)
  channel.once('exit', (code: number | null, signal?: string) => {
    exit = code === null ? { kind: 'signalled', signal: (signal ?? 'unknown').replace(/^SIG/, '') } : { kind: 'exited', code }
    const own = exit
    quiet = setTimeout(() => {
      // A reader that waits has output before it.
      if (channel.readableLength > 0 || channel.isPaused()) quiet?.refresh()
      else end.resolve(own)
    }, QUIET_MS)
  })
  const without = { kind: 'lost', message: 'the session ended without an exit status' } as const
  channel.once('close', () => end.resolve(exit ?? without))
  void lost.then((message) => end.resolve(exit ?? { kind: 'lost', message }))
  try {
    return await end.promise
  } finally {
    clearTimeout(quiet)
  }
}
