/** One running QEMU: its process, its two serial ports and its monitor. */
import type { Duplex, Readable } from 'node:stream'
import { openConsolePipe } from './console-pipe.ts'
import { startProcess } from '../process.ts'
import { openQmp, type Qmp } from './qmp.ts'

export interface QemuExit {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

export interface Machine {
  readonly pid: number | null
  readonly qmp: Qmp
  readonly console: Readable
  readonly agent: Duplex
  /** Settles when QEMU is gone and its console is read to the end. */
  readonly exited: Promise<QemuExit>
  /** Why the guest stopped by itself, as QMP's SHUTDOWN event said it; null while it did not. */
  readonly stopReason: () => string | null
  /** Kill QEMU and wait until it is gone. */
  readonly kill: () => Promise<QemuExit>
}

export interface QemuOptions {
  /** Inherited as the fd that `-incoming` names. */
  readonly stateFd?: number
  /** Ends this QEMU, whatever it is doing, when it is aborted, and at once when it was before. */
  readonly signal?: AbortSignal
}

export const QEMU = 'qemu-system-x86_64'
const STDERR_KEPT = 4096

/**
 * Start QEMU with these arguments, in a process group of its own: Ctrl-C is for us, and we stop it. The kernel kills it
 * when this process dies, whatever killed us (setpriv's pdeathsig). A QEMU that cannot start is one that exited.
 */
export async function startQemu(args: readonly string[], options: QemuOptions = {}): Promise<Machine> {
  const { stateFd, signal } = options
  const pipe = await openConsolePipe()
  const stdio = ['ignore', 'ignore', 'pipe', 'pipe', pipe.fd, 'pipe', ...(stateFd === undefined ? [] : [stateFd])] as const
  const child = startProcess('setpriv', ['--pdeathsig', 'KILL', QEMU, ...args], { stdio: [...stdio] as never, detached: true })
  pipe.handOver()
  const [, , , qmpStream, , agent] = child.stdio as unknown as Duplex[]
  const console = pipe.reader
  let stderr = ''
  ;(child.stderr as unknown as Duplex).on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_KEPT)
  })
  let reason: string | null = null
  const qmp = openQmp(qmpStream as Duplex)
  qmp.onEvent(({ event, data }) => {
    if (event === 'SHUTDOWN' && data['guest'] === true) reason = String(data['reason'])
    if (event === 'GUEST_PANICKED') reason = 'guest-panicked'
  })
  /* A peer that goes away is told by `exited`; the streams have nothing to add. */
  for (const stream of [console, agent]) stream?.on('error', () => undefined)
  const drained = new Promise<void>((resolve) => console.once('close', resolve))
  const exited = Promise.all([child, drained]).then(([result]) => ({
    code: result.exitCode ?? null,
    signal: result.signal ?? null,
    stderr:
      stderr.trim() ||
      ('shortMessage' in result && result.exitCode === undefined && !result.signal ? String(result.shortMessage) : ''),
  }))
  const stop = (): void => void child.kill('SIGKILL')
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop, { once: true })
  void exited.then(() => signal?.removeEventListener('abort', stop))
  return {
    pid: child.pid ?? null,
    qmp,
    console,
    agent: agent as Duplex,
    exited,
    stopReason: () => reason,
    kill: () => {
      child.kill('SIGKILL')
      return exited
    },
  }
}
