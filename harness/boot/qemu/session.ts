/** The agent of a guest with a disk: in a session of the guest's sshd, which QEMU's user network forwards to loopback. */
import { PassThrough, Duplex } from 'node:stream'
import { readFile } from 'node:fs/promises'
import type { DiskImage } from '#harness/image/disk/rootfs.ts'
import type { Program } from '#harness/image/program.ts'
import { connectSsh, SshError, type SshConnection } from '#harness/transport/ssh2/connection.ts'
import type { GuestKeys } from '#harness/transport/ssh2/keys.ts'
import type { RunningQemu } from './process.ts'

/** The disk of a guest, and who its sshd knows. */
export interface GuestDisk {
  readonly image: DiskImage
  readonly keys: GuestKeys
  /** The agent for a session of sshd. */
  readonly agent: Program
}

/** The agent's port of a guest with a disk: nothing comes until the session has begun. */
export interface GuestSession {
  readonly agent: Duplex
  /** Why the session ended; a guest that ended took it with it. */
  readonly lost: Promise<string>
  /** Begin it. Resolves to null, or to the reason why there is none before the deadline (ms of performance.now()). */
  readonly begin: (deadline: number, isNew: boolean) => Promise<string | null>
  /** End it, so that the guest can be saved. */
  readonly end: () => Promise<void>
}

const FOLDER = '/run/kwitness'
const START = `exec ${FOLDER}/agent "$(cat ${FOLDER}/payload-address)"`
/** Milliseconds between two tries to connect. */
const RETRY_MS = 200
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

  async function connect(deadline: number): Promise<SshConnection | string> {
    let why = 'no time was left for its sshd'
    for (;;) {
      if (isOver || signal?.aborted || performance.now() >= deadline) return why
      const left = (deadline - performance.now()) / 1000
      try {
        const port = await forwardedPort(qemu)
        const endpoint = {
          host: '127.0.0.1',
          port,
          user: 'root',
          privateKey: disk.keys.client.private,
          hostKey: disk.keys.host.public,
        }
        return await connectSsh(endpoint, { limitSeconds: Math.min(left, TRY_SECONDS), signal })
      } catch (error) {
        why = (error as Error).message
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }

  async function begin(deadline: number, isNew: boolean): Promise<string | null> {
    const made = await connect(deadline)
    if (typeof made === 'string') return made
    connection = made
    try {
      if (isNew) await made.put(`${FOLDER}/agent`, await readFile(disk.agent.path), 0o700)
      const { channel, closed } = await made.exec(['sh', '-c', START])
      toAgent.pipe(channel)
      channel.pipe(fromAgent)
      channel.stderr.resume()
      channel.on('error', () => undefined)
      void closed.then(() => lost.resolve('the session of the agent was closed'))
      void made.ended.then((reason) => lost.resolve(reason))
      return null
    } catch (error) {
      await made.close()
      if (error instanceof SshError) return error.message
      throw error
    }
  }

  return { agent, lost: lost.promise, begin, end: async () => connection?.close() }
}

/** The port of loopback that QEMU forwards to the guest's sshd; the kernel of this host chose it. */
async function forwardedPort({ qmp }: RunningQemu): Promise<number> {
  const answer = String(await qmp.execute('human-monitor-command', { 'command-line': 'info usernet' }))
  const port = Number(/TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(answer)?.[1])
  if (!port) throw new SshError('QEMU forwards no port to the guest')
  return port
}
