/** A fork server: a restored guest, paused, whose QEMU forks a child for each attempt (README.md). TCG only. */
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { InfraError, InvariantError, UserError } from '#domain/errors.ts'
import { monitorCase } from '#harness/transport/hang-monitor.ts'
import { writePayload } from '#harness/image/payload.ts'
import { buildProgram, LIBRARY_FLAGS } from '#harness/image/program.ts'
import { makeTemporaryFolder, openScratch } from '#harness/support/scratch.ts'
import { withSubject } from '#harness/support/spans.ts'
import { GuestChannel } from '#harness/transport/guest-channel.ts'
import { createLog } from '#harness/transport/log.ts'
import type { Booted, BootInputs } from '../qemu/boot.ts'
import { startQemu, type RunningQemu } from '../qemu/process.ts'
import { loadState, restoreArguments, whyNotLoaded } from '../snapshot/restore.ts'
import { bootLogFile, stateFile, type Snapshot } from '../snapshot/snapshot.ts'
import { Children } from './children.ts'
import { listenForChildren, type Connections } from './connections.ts'
import { within } from './within.ts'

/** The library spoke before QEMU answered the monitor: what is waited for is that we read it. */
const LOADED_MS = 2000

export interface ForkServerOptions {
  /** Seconds for each step of the start: to load the guest, to warm it up, to pause it. */
  readonly limitSeconds: number
  readonly signal?: AbortSignal | undefined
}

export interface ForkServer {
  /** A pristine guest with this payload. Throws InfraError when QEMU could not fork. */
  readonly fork: (payload: string, signal?: AbortSignal) => Promise<Booted>
  /** Fork no more; resolves when the last child is gone and the server has ended. */
  readonly retire: () => Promise<void>
}

const source = (name: string): string => join(import.meta.dirname, name)

/** Sources of the library that makes a QEMU a fork server. */
const FORK_LIBRARY: readonly string[] = ['server.c', 'threads.c', 'thread.c', 'fds.c', 'pages.c', 'payload.c', 'sandbox.c'].map(
  source,
)

/** Files that serve every fork server. */
export interface ForkParts {
  readonly library: string
  /** The program of the warm-up. */
  readonly warmup: string
}

/** Build them, or find them built. Throws UserError where they do not compile. */
export async function buildForkParts(cache: string): Promise<ForkParts> {
  const [library, warmup] = await Promise.all([
    buildProgram(cache, FORK_LIBRARY, [], { flags: LIBRARY_FLAGS }),
    buildProgram(cache, [source('warmup.c')], []),
  ])
  return { library: library.path, warmup: warmup.path }
}

/** Start a QEMU with the library in it, which waits for the state of this guest. */
async function startForkable(
  saved: Snapshot,
  argv: readonly string[],
  {
    library,
    env,
    signal,
  }: { readonly library: string; readonly env: Readonly<Record<string, string>>; readonly signal?: AbortSignal | undefined },
): Promise<RunningQemu> {
  await using state = await open(stateFile(saved.folder))
  await using preload = await open(library)
  return await startQemu(argv, { stateFd: state.fd, fork: { libraryFd: preload.fd, env }, signal })
}

/** What the loader says of a library that it leaves out; it goes on without. */
function whyLeftOut(stderr: string): string {
  const own = /from LD_PRELOAD cannot be preloaded \((.*)\): ignored/.exec(stderr)?.[1]
  return own ?? (stderr.split('\n').at(-1) || 'it does not say why')
}

/** Restore the guest. Throws InfraError when its state does not load, or when QEMU is there without the library. */
async function load(qemu: RunningQemu, children: Children, library: string, limitSeconds: number): Promise<void> {
  const deadline = performance.now() + limitSeconds * 1000
  /* The caller measures the whole start as one phase. */
  const problem = await withSubject(null, () => loadState(qemu, deadline))
  if (problem !== null) throw new InfraError(`the snapshot did not load: ${await whyNotLoaded(qemu, problem)}`)
  try {
    await children.loaded(LOADED_MS)
  } catch {
    const { stderr } = await qemu.kill()
    throw new InfraError(`QEMU started without ${library}: ${whyLeftOut(stderr)}`)
  }
}

/** Let the guest run the warm-up, and pause it. Throws InfraError when it comes to another end than it should. */
async function warmUp(guest: Booted, limitSeconds: number): Promise<void> {
  const limits = { bootSeconds: limitSeconds, caseSeconds: limitSeconds, silenceSeconds: limitSeconds }
  guest.channel.run('warm-up', [limitSeconds * 1000, BigInt(Date.now()) * 1_000_000n, 'warm-up'])
  const { ending, taint } = await monitorCase(guest, limits, createLog())
  if (ending.kind !== 'exited' || ending.exit.code !== 0 || taint.before !== taint.after)
    throw new InfraError(`the warm-up ended as ${JSON.stringify(ending)}`)
  await execute(guest.qemu, 'stop', limitSeconds)
}

/** Have QEMU execute a command that it answers at once. Throws InfraError when it does not, and kills it. */
async function execute(qemu: RunningQemu, command: string, limitSeconds: number): Promise<void> {
  try {
    await within(limitSeconds * 1000, qemu.qmp.execute(command), () => `QEMU does not answer ${command}`)
  } catch (error) {
    await qemu.kill()
    throw error
  }
}

/**
 * Restore this guest in a QEMU that can fork, and let it warm up. Throws InfraError or UserError when that cannot be
 * done here, and leaves nothing behind: an attempt restores a guest of its own then.
 */
export async function startForkServer(
  saved: Snapshot,
  inputs: BootInputs,
  { library, warmup }: ForkParts,
  cache: string,
  { limitSeconds, signal }: ForkServerOptions,
): Promise<ForkServer> {
  const places: string[] = []
  let connections: Connections | null = null
  let started: RunningQemu | null = null
  const close = async (): Promise<void> => {
    connections?.close()
    await started?.kill()
    /* What cannot be removed now is removed with the scratch folders of a process that is gone. */
    await Promise.allSettled(places.map((place) => rm(place, { recursive: true, force: true })))
  }
  try {
    const scratch = await openScratch(cache)
    places.push(scratch)
    /* The path of a socket has to be short. */
    const folder = await makeTemporaryFolder()
    places.push(folder)
    connections = listenForChildren(join(folder, 'socket'))
    const payload = join(scratch, 'payload')
    await writePayload(payload, { program: warmup, args: [], modules: [], externalModules: [] })
    await connections.listening
    const argv = restoreArguments(saved, inputs, payload, { forks: true })
    const env = { KWITNESS_SOCKET: connections.path, KWITNESS_PAYLOAD: payload }
    const qemu = await startForkable(saved, argv, { library, env, signal })
    started = qemu
    /* At once: what is said on a port that nobody reads is lost. */
    const children = new Children(qemu.control as Duplex, connections, { giveUp: () => void qemu.kill() })
    const channel = new GuestChannel(qemu)
    await load(qemu, children, library, limitSeconds)
    const { bootMethod, hello } = saved
    const described = { ok: true, hello, bootMethod, argv } as const
    await warmUp({ ...described, qemu, channel, readySeconds: 0 }, limitSeconds)
    await children.check()
    const before = await readFile(bootLogFile(saved.folder))
    return {
      fork: async (file, end) => {
        const asked = performance.now()
        const child = await children.fork(file, end)
        const own = new GuestChannel(child, before)
        await execute(child, 'cont', limitSeconds)
        return { ...described, qemu: child, channel: own, readySeconds: (performance.now() - asked) / 1000 }
      },
      retire: () => children.gone().then(close),
    }
  } catch (error) {
    await close()
    if (error instanceof UserError || error instanceof InvariantError) throw error
    /* Folders, sockets, a guest that went: whatever it was, one can be restored instead. */
    throw new InfraError(error instanceof Error ? error.message : String(error), undefined, { cause: error })
  }
}
