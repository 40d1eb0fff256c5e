/** A running QEMU: its process, its two serial ports and its monitor. */
import type { Duplex, Readable, Writable } from 'node:stream'
import { openCommandPipe, openConsolePipe } from './console-pipe.ts'
import { runStateSchema } from '#schema/guest.ts'
import { readData } from '#schema/read.ts'
import { startProcess } from '#harness/support/process.ts'
import { FD } from './argv.ts'
import { QEMU } from './binary.ts'
import { writesDisk } from './disk-argv.ts'
import { openQmp, type Qmp } from './qmp.ts'

export interface QemuExit {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

export interface RunningQemu {
  readonly pid: number | null
  readonly qmp: Qmp
  readonly console: Readable
  readonly agent: Duplex
  /** The port that commands a fork server; null for any other QEMU. */
  readonly control: Duplex | null
  /** The ports of QEMU's debugger; null for a QEMU without. */
  readonly debug: DebugPorts | null
  /** Settles when QEMU has ended and its console is read to the end. */
  readonly exited: Promise<QemuExit>
  /** Why the guest stopped by itself, from QMP's SHUTDOWN event; null while it has not. */
  readonly stopReason: () => string | null
  /** Kill QEMU and wait until it has ended. */
  readonly kill: () => Promise<QemuExit>
}

/** gdb's remote protocol, once `startDebugger` has begun it. A byte that guest code writes to port 0xe9 is a command, too. */
interface DebugPorts {
  readonly commands: Writable
  readonly answers: Readable
}

export interface QemuOptions {
  /** Descriptor of the state file, which QEMU inherits as FD.state. */
  readonly stateFd?: number
  /** Makes this QEMU a fork server (fork/README.md) with a control port. */
  readonly fork?: ForkOptions
  /** Gives this QEMU a port for its debugger. */
  readonly debug?: boolean | undefined
  /** Kills this QEMU when it is aborted, at once if it is already. */
  readonly signal?: AbortSignal | undefined
}

/** The library and environment of a fork server. */
interface ForkOptions {
  /** Descriptor of the library: the loader opens it by descriptor, whatever characters its path contains. */
  readonly libraryFd: number
  readonly env: Readonly<Record<string, string>>
}

const STDERR_KEPT = 4096

/** The streams of a running QEMU, and how to end it. */
export interface QemuHandles extends Pick<RunningQemu, 'pid' | 'qmp' | 'console' | 'agent' | 'control' | 'debug'> {
  /** Settles when the process has ended. */
  readonly ended: Promise<QemuExit>
  readonly stop: () => void
}

/** Read the stream; the returned function gives the last 4096 characters read so far, trimmed. */
export function keepEnd(stream: Readable): () => string {
  let end = ''
  stream.on('data', (chunk: Buffer) => {
    end = (end + chunk.toString('utf8')).slice(-STDERR_KEPT)
  })
  return () => end.trim()
}

/** What QEMU said on stderr, without its warnings: 11.1 begins with one of an option that it still takes. */
export function withoutWarnings(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => !line.includes(': warning: '))
  return lines.join('\n').trim()
}

/** A running QEMU with these handles, killed when the signal is aborted. */
export function createRunningQemu({ ended, stop, ...ports }: QemuHandles, signal?: AbortSignal): RunningQemu {
  let reason: string | null = null
  ports.qmp.onEvent(({ event, data }) => {
    if (event === 'SHUTDOWN' && data['guest'] === true) reason = String(data['reason'])
    if (event === 'GUEST_PANICKED') reason = 'guest-panicked'
  })
  /* `exited` reports a peer that ends; the errors of the streams add nothing. */
  const { commands, answers } = ports.debug ?? {}
  for (const stream of [ports.console, ports.agent, ports.control, commands, answers]) stream?.on('error', () => undefined)
  const drained = new Promise<void>((resolve) => ports.console.once('close', resolve))
  const exited = Promise.all([ended, drained]).then(([exit]) => exit)
  function end(): void {
    stop()
    /* A console that nobody reads would never close. */
    if (ports.console.readableFlowing === null) ports.console.resume()
  }
  if (signal?.aborted) end()
  signal?.addEventListener('abort', end, { once: true })
  void exited.then(() => signal?.removeEventListener('abort', end))
  return {
    ...ports,
    exited,
    stopReason: () => reason,
    kill: () => {
      end()
      return exited
    },
  }
}

/** Why QEMU stops a guest by itself: KVM failed, or the host has no room for what the guest writes to its disk. */
const STOPPED_BY_HOST: readonly unknown[] = ['internal-error', 'io-error']

/**
 * Call `stop` when QEMU stops its guest over an error of the host. It would wait for a person then, and the guest would only seem
 * to hang; ended, it is a fault of the host.
 */
export function stopOnHostError(qmp: Qmp, stop: () => void): void {
  qmp.onEvent(({ event }) => {
    if (event !== 'STOP') return
    const asked = qmp.execute('query-status')
    asked.then(
      (answer) => STOPPED_BY_HOST.includes(readData(runStateSchema, answer)?.status) && stop(),
      () => undefined,
    )
  })
}

/** The inherited descriptors by number, in the form of spawn's stdio. */
function stdioOf(consoleFd: number, debugFds: readonly number[], { stateFd, fork }: QemuOptions): (string | number)[] {
  const before = ['ignore', 'ignore', 'pipe', 'pipe', consoleFd, 'pipe', stateFd ?? 'ignore']
  const after = fork ? ['pipe', fork.libraryFd] : ['ignore', 'ignore']
  return [...before, ...after, ...debugFds]
}

/** The loader splits LD_PRELOAD at blanks and colons, and ld.so(8) has no quoting for them. */
function environmentOf({ fork }: QemuOptions): { readonly env?: Readonly<Record<string, string>> } {
  return fork ? { env: { ...fork.env, LD_PRELOAD: `/proc/self/fd/${FD.library}` } } : {}
}

/**
 * The pipes of QEMU's debugger, which gets the marks of the guest with its commands. By way of this process a guest would go on
 * for longer behind its mark, and on a busy host most trials would be disturbed.
 */
async function openDebugPipes() {
  return { commands: await openCommandPipe(), answers: await openConsolePipe() }
}

/**
 * Start QEMU with these arguments in a session of its own, so that Ctrl-C reaches only kwitness, which then stops it.
 * setpriv's pdeathsig kills QEMU when this process dies, however it dies. A QEMU that cannot start is returned as exited.
 */
export async function startQemu(args: readonly string[], options: QemuOptions = {}): Promise<RunningQemu> {
  const pipe = await openConsolePipe()
  const debug = options.debug ? await openDebugPipes() : null
  const child = startProcess('setpriv', ['--pdeathsig', 'KILL', QEMU, ...args], {
    stdio: stdioOf(pipe.fd, debug ? [debug.commands.fd, debug.answers.fd, debug.commands.fd] : [], options) as never,
    detached: true,
    ...environmentOf(options),
  })
  for (const one of [pipe, debug?.commands, debug?.answers]) one?.handOver()
  const stdio = child.stdio as unknown as Duplex[]
  /* What QEMU says before somebody listens waits in the port; execa would read it and drop it. */
  for (const fd of [FD.agent, FD.control]) stdio[fd]?.pause()
  const said = keepEnd(child.stderr as unknown as Duplex)
  const ended = Promise.resolve(child).then((result) => ({
    code: result.exitCode ?? null,
    signal: result.signal ?? null,
    stderr:
      withoutWarnings(said()) ||
      ('shortMessage' in result && result.exitCode === undefined && !result.signal ? String(result.shortMessage) : ''),
  }))
  const handles: QemuHandles = {
    pid: child.pid ?? null,
    qmp: openQmp(stdio[FD.qmp] as Duplex),
    console: pipe.reader,
    agent: stdio[FD.agent] as Duplex,
    control: options.fork ? (stdio[FD.control] as Duplex) : null,
    debug: debug && { commands: debug.commands.writer, answers: debug.answers.reader },
    ended,
    stop: () => void child.kill('SIGKILL'),
  }
  if (writesDisk(args) || args[args.indexOf('-accel') + 1] === 'kvm') stopOnHostError(handles.qmp, handles.stop)
  return createRunningQemu(handles, options.signal)
}

/** Start the debugger of a QEMU that has ports for it. The guest stands still from then on. */
export async function startDebugger({ qmp }: Pick<RunningQemu, 'qmp'>): Promise<void> {
  const data = { in: `/dev/fd/${FD.debugIn}`, out: `/dev/fd/${FD.debugOut}` }
  await qmp.execute('chardev-add', { id: 'debug', backend: { type: 'file', data } })
  await qmp.execute('human-monitor-command', { 'command-line': 'gdbserver chardev:debug' })
}
