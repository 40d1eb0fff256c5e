/** A fork server: a restored guest, paused, whose QEMU copies itself for each attempt (server.c). TCG only. */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { InfraError, InvariantError, UserError } from '#domain/errors.ts'
import { monitorCase } from '#harness/transport/monitor.ts'
import { writePayload } from '#harness/image/payload.ts'
import { buildProgram, LIBRARY_FLAGS } from '#harness/image/program.ts'
import { openScratch } from '#harness/support/scratch.ts'
import { untimed } from '#harness/support/stopwatch.ts'
import { converse } from '#harness/transport/agent.ts'
import { createLog } from '#harness/transport/log.ts'
import type { Booted, BootInputs } from '../qemu/boot.ts'
import { startQemu, type Machine } from '../qemu/process.ts'
import { loadState, restoreArguments } from '../snapshot/restore.ts'
import { bootLogFile, stateFile, type Snapshot } from '../snapshot/snapshot.ts'
import { listenForCopies, type Callers } from './callers.ts'
import { commandCopies } from './copies.ts'

const START_SECONDS = 20
/** The rehearsal makes some hundred calls. */
const LIMITS = { bootSeconds: START_SECONDS, caseSeconds: START_SECONDS, silenceSeconds: START_SECONDS }

export interface ForkServer {
  /** A pristine guest with this payload. Throws InfraError when QEMU could not be copied. */
  readonly fork: (payload: string, signal?: AbortSignal) => Promise<Booted>
  /** Take no more copies: the server ends when the last is gone. */
  readonly retire: () => Promise<void>
}

const source = (name: string): string => join(import.meta.dirname, name)

/** Sources of the library that makes a QEMU a fork server. */
export const FORK_LIBRARY: readonly string[] = ['server.c', 'threads.c', 'fds.c', 'pages.c'].map(source)

/** Files that serve every fork server. */
export interface ForkParts {
  readonly library: string
  /** The program that is rehearsed. */
  readonly rehearsal: string
}

/** Build them, or find them built. Throws UserError where they do not compile. */
export async function buildForkParts(cache: string): Promise<ForkParts> {
  const [library, rehearsal] = await Promise.all([
    buildProgram(cache, FORK_LIBRARY, [], { flags: LIBRARY_FLAGS }),
    buildProgram(cache, [source('rehearsal.c')], []),
  ])
  return { library: library.path, rehearsal: rehearsal.path }
}

/** Start a QEMU that can be copied, with this payload, and restore the guest in it. */
async function restoreForkable(
  saved: Snapshot,
  inputs: BootInputs,
  { library, payload, socket }: { readonly library: string; readonly payload: string; readonly socket: string },
  signal: AbortSignal | undefined,
): Promise<{ readonly machine: Machine; readonly argv: readonly string[] }> {
  const argv = restoreArguments(saved, inputs, payload, true)
  const state = await open(stateFile(saved.folder))
  try {
    const fork = { LD_PRELOAD: library, KWITNESS_SOCKET: socket, KWITNESS_PAYLOAD: payload }
    const machine = await startQemu(argv, { stateFd: state.fd, fork, ...(signal ? { signal } : {}) })
    if (await loadState(machine, performance.now() + START_SECONDS * 1000, untimed)) return { machine, argv }
    throw new InfraError(`the saved guest did not load: ${(await machine.kill()).stderr || 'no answer'}`)
  } finally {
    await state.close()
  }
}

/** Let the guest run the rehearsal, and pause it. Throws InfraError when it comes to another end than it should. */
async function rehearse(guest: Booted): Promise<void> {
  guest.conversation.run('rehearsal', [START_SECONDS * 1000, BigInt(Date.now()) * 1_000_000n, 'rehearsal'])
  const { ending, taint } = await monitorCase(guest, LIMITS, createLog())
  if (ending.kind !== 'exited' || ending.exit.code !== 0 || taint.before !== taint.after)
    throw new InfraError(`the rehearsal ended as ${JSON.stringify(ending)}`)
  await guest.machine.qmp.execute('stop')
}

/** Let a copy run. Throws InfraError when it does not. */
async function goOn(copy: Machine): Promise<void> {
  const late = new AbortController()
  const over = sleep(START_SECONDS * 1000, null, { signal: late.signal }).then(() => copy.kill())
  over.catch(() => undefined)
  try {
    await copy.qmp.execute('cont')
  } finally {
    late.abort()
  }
}

/**
 * Restore this guest in a QEMU that can be copied, and let it rehearse. Throws InfraError or UserError when that cannot be
 * done here: an attempt restores a guest of its own then.
 */
export async function startForkServer(
  saved: Snapshot,
  inputs: BootInputs,
  { library, rehearsal }: ForkParts,
  cache: string,
  signal?: AbortSignal,
): Promise<ForkServer> {
  const scratch = await openScratch(cache)
  /* The path of a socket has to be short. */
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-'))
  const callers: Callers = listenForCopies(join(folder, 'socket'))
  let machine: Machine | null = null
  const close = async (): Promise<void> => {
    callers.close()
    await machine?.kill()
    await Promise.all([scratch, folder].map((place) => rm(place, { recursive: true, force: true })))
  }
  try {
    const payload = join(scratch, 'payload')
    await writePayload(payload, { program: rehearsal, args: [], modules: [], externalModules: [] })
    await callers.listening
    const started = await restoreForkable(saved, inputs, { library, payload, socket: callers.path }, signal)
    machine = started.machine
    const { road, hello } = saved
    const described = { ok: true, hello, road, argv: started.argv } as const
    await rehearse({ ...described, machine, conversation: converse(machine), readySeconds: 0 })
    const before = await readFile(bootLogFile(saved.folder))
    const copies = commandCopies(machine.control as Duplex, callers)
    return {
      fork: async (file, end) => {
        const asked = performance.now()
        const copy = await copies.fork(file, end)
        const conversation = converse(copy, before)
        await goOn(copy)
        return { ...described, machine: copy, conversation, readySeconds: (performance.now() - asked) / 1000 }
      },
      retire: () => copies.gone().then(close),
    }
  } catch (error) {
    await close()
    if (error instanceof UserError || error instanceof InvariantError) throw error
    /* Folders, sockets, a guest that went: whatever it was, one can be restored instead. */
    throw new InfraError(error instanceof Error ? error.message : String(error), undefined, { cause: error })
  }
}
