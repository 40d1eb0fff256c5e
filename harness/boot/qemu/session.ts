/** The agent of a guest with a disk: in a session of the guest's sshd, which QEMU's user network forwards to loopback. */
import { PassThrough, Duplex } from 'node:stream'
import { readFile } from 'node:fs/promises'
import { connectSsh, SshError, type SshConnection } from '#harness/transport/ssh2/connection.ts'
import type { GuestDisk, SessionStart } from './guest-disk.ts'
import { prepareOwn } from './own-disk.ts'
import type { RunningQemu } from './process.ts'

/** The agent's port of a guest with a disk: nothing comes until the session has begun. */
export interface GuestSession {
  readonly agent: Duplex
  /** Why the session ended; a guest that ended took it with it. */
  readonly lost: Promise<string>
  /** Begin it. Resolves to the host key that the guest has shown, or to the reason why there is none before the deadline. */
  readonly begin: (start: SessionStart) => Promise<{ readonly hostKey: string } | { readonly problem: string }>
  /** End it, so that the guest can be saved. */
  readonly end: () => Promise<void>
}

const FOLDER = '/run/kwitness'
const START = `exec ${FOLDER}/agent "$(cat ${FOLDER}/payload-address)"`
/** Milliseconds between two tries to connect. */
const RETRY_MS = 200
/** The same after a login that failed: OpenSSH 9.8 locks an address out that fails often. */
const REFUSED_MS = 6000
/** Seconds of one try. QEMU accepts at once and asks the guest then, whose network may not be up yet. */
const TRY_SECONDS = 20

/** A port for the agent in a session that is yet to begin. */
export function createGuestSession(qemu: RunningQemu, disk: GuestDisk, signal?: AbortSignal): GuestSession {
  const toAgent = new PassThrough()
  const fromAgent = new PassThrough()
  const agent = Duplex.from({ readable: fromAgent, writable: toAgent })
  for (const stream of [agent, toAgent, fromAgent]) stream.on('error', () => undefined)
  const lost = Promise.withResolvers<string>()
  let connection: SshConnection | null = null
  let isOver = false
  void qemu.exited.then(() => (isOver = true))

  async function connect({ deadline, hostKey }: SessionStart): Promise<SshConnection | string> {
    let why = 'no time was left for its sshd'
    let isRefused = false
    for (;;) {
      if (isOver || signal?.aborted || performance.now() >= deadline) return why
      const left = (deadline - performance.now()) / 1000
      try {
        const port = await forwardedPort(qemu)
        const endpoint = {
          host: '127.0.0.1',
          port,
          user: disk.user,
          login: disk.login,
          hostKey: disk.hostKey ?? hostKey,
        }
        return await connectSsh(endpoint, { limitSeconds: Math.min(left, TRY_SECONDS), signal })
      } catch (error) {
        why = (error as Error).message
        isRefused = error instanceof SshError && error.isOfLogin
        // The user's key does not become right; cloud-init may still bring that of kwitness.
        if (isRefused && disk.boots && disk.seed === null) return `${disk.user} cannot log in with this key: ${why}`
      }
      await new Promise((resolve) => setTimeout(resolve, isRefused ? REFUSED_MS : RETRY_MS))
    }
  }

  async function begin(start: SessionStart): Promise<{ readonly hostKey: string } | { readonly problem: string }> {
    const made = await connect(start)
    if (typeof made === 'string') return { problem: made }
    connection = made
    try {
      const command = disk.boots ? await prepareOwn(made, disk, start) : await prepare(made, disk, start)
      const { channel, closed } = await made.exec(['sh', '-c', command])
      toAgent.pipe(channel)
      channel.pipe(fromAgent)
      channel.stderr.resume()
      channel.on('error', () => undefined)
      void closed.then(() => lost.resolve('the session of the agent was closed'))
      void made.ended.then((reason) => lost.resolve(reason))
      return { hostKey: made.hostKey }
    } catch (error) {
      await made.close()
      if (error instanceof SshError) return { problem: error.message }
      throw error
    }
  }

  return { agent, lost: lost.promise, begin, end: async () => connection?.close() }
}

/** Bring the agent into a guest with our PID 1. Returns the command that starts it. */
async function prepare(made: SshConnection, { agent }: GuestDisk, { isNew }: SessionStart): Promise<string> {
  if (isNew) await made.put(`${FOLDER}/agent`, await readFile(agent.path), 0o700)
  return START
}

/** The port of loopback that QEMU forwards to the guest's sshd; the kernel of this host chose it. */
export async function forwardedPort({ qmp }: RunningQemu): Promise<number> {
  const answer = String(await qmp.execute('human-monitor-command', { 'command-line': 'info usernet' }))
  const port = Number(/TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(answer)?.[1])
  if (!port) throw new SshError('QEMU forwards no port to the guest')
  return port
}
