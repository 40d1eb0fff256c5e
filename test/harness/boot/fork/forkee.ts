/** Starts forkee.c as a fork server, in the place of a QEMU. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { openConsolePipe } from '#harness/boot/qemu/console-pipe.ts'
import { Children } from '#harness/boot/fork/children.ts'
import { listenForChildren } from '#harness/boot/fork/connections.ts'
import { buildForkParts } from '#harness/boot/fork/server.ts'
import type { RunningQemu } from '#harness/boot/qemu/process.ts'
import { buildProgram, LIBRARY_FLAGS } from '#harness/image/program.ts'
import { findWorkspace } from '#harness/support/workspace.ts'

const FLAGS = LIBRARY_FLAGS.filter((flag) => flag !== '-shared' && flag !== '-fPIC')
const SOURCES = ['forkee.c', 'forkee_identity.c', 'forkee_traits.c'].map((name) => join(import.meta.dirname, name))

/** The library and the program, both in the cache of this machine, and room for sockets and payloads. */
export interface Workbench {
  readonly folder: string
  readonly library: string
  readonly program: string
  readonly remove: () => Promise<void>
}

export async function buildWorkbench(): Promise<Workbench> {
  const folder = await mkdtemp(join(tmpdir(), 'kwitness-forks-'))
  const { cache } = findWorkspace()
  const { library } = await buildForkParts(cache)
  const { path: program } = await buildProgram(cache, SOURCES, [], { flags: FLAGS })
  return { folder, library, program, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A library that says of the C library where it keeps a thread's number: bits, elements, offset. Returns its path. */
export async function buildField(field: string): Promise<string> {
  const flags = [...LIBRARY_FLAGS, `-DFIELD=${field}`]
  return (await buildProgram(findWorkspace().cache, [join(import.meta.dirname, 'other_field.c')], [], { flags })).path
}

const PAYLOAD_BYTES = 1 << 20

/** A payload with this text, as large as every other. Returns its path. */
export async function payloadOf({ folder }: Workbench, text: string): Promise<string> {
  const file = join(folder, `payload-${text}`)
  await writeFile(file, text)
  await truncate(file, PAYLOAD_BYTES)
  return file
}

export interface Forkee {
  readonly process: ChildProcess
  readonly children: Children
  /** Its own agent port, that of no child. */
  readonly agent: Duplex
  /** A child with this payload, whose ports are read, as they must be: what is not read to its end has not ended. */
  readonly fork: (name: string, signal?: AbortSignal) => Promise<RunningQemu>
  readonly close: () => Promise<void>
}

export interface ForkeeOptions {
  /** What to add that stands in the way of a fork (forkee_traits.c), and how often. */
  readonly trait?: readonly [name: string, count: number]
  /** Instead of the one of the workbench; null for none. */
  readonly library?: string | null
  /** Another library, loaded behind it. */
  readonly behind?: string
  readonly answerMs?: number
}

let started = 0

/** Start it, and do not wait until it is there. */
export async function startForkee(
  bench: Workbench,
  { trait, library = bench.library, behind, answerMs }: ForkeeOptions = {},
): Promise<Forkee> {
  started += 1
  const connections = listenForChildren(join(bench.folder, `socket-${started}`))
  await connections.listening
  const pipe = await openConsolePipe()
  const preload = library === null ? null : await open(library)
  const second = behind === undefined ? null : await open(behind)
  const env = {
    ...(preload ? { LD_PRELOAD: second ? '/proc/self/fd/8:/proc/self/fd/10' : '/proc/self/fd/8' } : {}),
    KWITNESS_SOCKET: connections.path,
    KWITNESS_PAYLOAD: await payloadOf(bench, 'original'),
  }
  /* The ninth is a descriptor that somebody left open. */
  const stdio = [
    'ignore',
    'ignore',
    'inherit',
    'pipe',
    pipe.fd,
    'pipe',
    'ignore',
    'pipe',
    preload?.fd ?? 'ignore',
    'pipe',
    second?.fd ?? 'ignore',
  ] as const
  const child = spawn(bench.program, trait?.map(String) ?? [], { stdio: [...stdio], env })
  pipe.handOver()
  pipe.reader.resume()
  await preload?.close()
  await second?.close()
  const ports = child.stdio as unknown as Duplex[]
  for (const port of ports) port?.on('error', () => undefined)
  const giveUp = (): void => void child.kill('SIGKILL')
  const children = new Children(ports[7] as Duplex, connections, { giveUp, ...(answerMs === undefined ? {} : { answerMs }) })
  return {
    process: child,
    children,
    agent: ports[5] as Duplex,
    fork: async (name, signal) => {
      const qemu = await children.fork(await payloadOf(bench, name), signal)
      for (const port of [qemu.console, qemu.agent]) port.on('data', () => undefined)
      return qemu
    },
    close: async () => {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
      child.kill('SIGKILL')
      await ended
      // Nobody talks to the first one: its ports are not read to their end.
      for (const port of ports) port?.destroy()
      connections.close()
    },
  }
}

/** Say a line to a forkee, and hear what it answers. */
export async function ask(agent: Duplex, line = 'go\n'): Promise<string> {
  agent.write(line)
  const [said] = (await once(agent, 'data')) as [Buffer]
  return said.toString()
}
