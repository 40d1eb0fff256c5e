/** The transport to a guest's sshd by ssh2: all commands share one connection, made with the first and again when it ended. */
import { conduct, type Command, type CommandEnd, type StartedCommand, type Transport } from '../command/contract.ts'
import { connectSsh, SshError, type SshConnection, type SshEndpoint, type SshSession } from './connection.ts'

/** sshd allows ten sessions for each connection (MaxSessions); the others wait for their turn. */
const MAX_SESSIONS = 8
const CONNECT_SECONDS = 15
/** Milliseconds before the first further try of a session that the server refuses for now, doubled up to the other one. */
const RETRY_MS = 20
const MAX_RETRY_MS = 1000
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
      const session = await begin(there, command)
      return await conduct(started(session, there.ended), command)
    } catch (error) {
      if (!(error instanceof SshError)) throw error
      return command.signal?.aborted ? { kind: 'aborted' } : { kind: 'lost', message: error.message }
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

/**
 * Start a command. A session that has ended here may take its place on the server for a moment longer, so one that is refused for
 * that is tried again until the limit of the command. Throws SshError.
 */
async function begin({ exec }: SshConnection, { argv, limitSeconds, signal }: Command): Promise<SshSession> {
  const deadline = performance.now() + limitSeconds * 1000
  for (let pause = RETRY_MS; ; pause = Math.min(2 * pause, MAX_RETRY_MS)) {
    try {
      return await exec(argv)
    } catch (error) {
      const isOver = performance.now() + pause >= deadline || signal?.aborted === true
      if (isOver || !(error instanceof SshError) || !error.isOfSessions) throw error
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

type OwnEnd = Awaited<StartedCommand['ended']>

function started(session: SshSession, lost: Promise<string>): StartedCommand {
  const { channel } = session
  return {
    stdin: channel,
    stdout: channel,
    stderr: channel.stderr,
    ended: endOf(session, lost),
    kill: () => {
      // A server with ForceCommand refuses signals without a word; the end of its input tells the command, too.
      channel.signal('KILL')
      channel.close()
    },
  }
}

/**
 * How a command ended. Its exit comes at once, before output that is under way, and `closed` only when nobody holds the output
 * open any more: it has ended when it is closed, or when nothing came for a while behind its exit.
 */
async function endOf({ channel, exited, closed }: SshSession, lost: Promise<string>): Promise<OwnEnd> {
  const end = Promise.withResolvers<OwnEnd>()
  let exit: OwnEnd | null = null
  let quiet: NodeJS.Timeout | undefined
  const touched = (): void => void quiet?.refresh()
  channel.on('data', touched)
  channel.stderr.on('data', touched)
  void exited.then((own) => {
    exit = own
    quiet = setTimeout(() => {
      // A reader that waits has output before it.
      if (channel.readableLength > 0 || channel.isPaused()) quiet?.refresh()
      else end.resolve(own)
    }, QUIET_MS)
  })
  const without = { kind: 'lost', message: 'the session ended without an exit status' } as const
  void closed.then(() => end.resolve(exit ?? without))
  void lost.then((message) => end.resolve(exit ?? { kind: 'lost', message }))
  try {
    return await end.promise
  } finally {
    clearTimeout(quiet)
  }
}
