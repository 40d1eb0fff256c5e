/** The children of one fork server: it forks them, kills them and says how they ended, or it is given up. */
import { open } from 'node:fs/promises'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { InfraError } from '#domain/errors.ts'
import { openConsolePipe } from '../qemu/console-pipe.ts'
import { keepEnd, createRunningQemu, type RunningQemu, type QemuExit } from '../qemu/process.ts'
import { openQmp } from '../qemu/qmp.ts'
import type { Connections } from './connections.ts'
import { within } from './within.ts'

/** A server that works answers within milliseconds. */
const ANSWER_MS = 10_000

export interface Children {
  /** Resolves when the library said that it is loaded; throws InfraError when it does not within `limitMs`. */
  readonly loaded: (limitMs: number) => Promise<void>
  /** Throws InfraError with the server's own reason when it cannot fork. */
  readonly check: () => Promise<void>
  /** Throws InfraError when the server refuses, is gone, or its child does not come up. */
  readonly fork: (payload: string, signal?: AbortSignal) => Promise<RunningQemu>
  /** Resolves once no child is left. */
  readonly gone: () => Promise<void>
}

const exitOf = (kind: string | undefined, number: number): QemuExit => {
  const signal = Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? String(number)
  if (kind === 'signal') return { code: null, signal, stderr: '' }
  if (kind === 'code') return { code: number, signal: null, stderr: '' }
  return { code: null, signal: null, stderr: 'the fork server lost its child' }
}

interface Child {
  readonly forked: PromiseWithResolvers<number>
  readonly ended: PromiseWithResolvers<QemuExit>
}

interface Options {
  /** Kill the server, which leaves a command unanswered: the kernel kills its children with it (pdeathsig). */
  readonly giveUp: () => void
  readonly answerMs?: number
}

/** Command the fork server behind this port (server.c), whose children connect here. */
export function commandChildren(control: Duplex, connections: Connections, { giveUp, answerMs = ANSWER_MS }: Options): Children {
  const living = new Map<number, Child>()
  const loaded = Promise.withResolvers<void>()
  const able = Promise.withResolvers<void>()
  let last = 0
  /** Why there are no more children, once that is so. */
  let lost: string | null = null

  function refuse(child: Child | undefined, why: string): void {
    child?.forked.reject(new InfraError(`QEMU did not fork: ${why}`))
    child?.ended.resolve({ code: null, signal: 'SIGKILL', stderr: why })
  }

  function lose(why: string): void {
    if (lost !== null) return
    lost = why
    for (const waiting of [loaded, able]) waiting.reject(new InfraError(why))
    living.forEach((child) => refuse(child, why))
    giveUp()
  }

  function receive(line: string): void {
    const [, word, rest = ''] = /^(\w+) ?(.*)$/.exec(line) ?? []
    const [id = '', ...values] = rest.split(' ')
    const child = living.get(Number(id))
    if (word === 'ready') loaded.resolve()
    else if (word === 'able') able.resolve()
    else if (word === 'unable') able.reject(new InfraError(rest))
    else if (word === 'forked') child?.forked.resolve(Number(values[0]))
    else if (word === 'refused') refuse(child, values.join(' '))
    else if (word === 'ended') child?.ended.resolve(exitOf(values[0], Number(values[1])))
  }

  /* Each of them may be awaited late, or never. */
  for (const { promise } of [loaded, able]) promise.catch(() => undefined)
  /* An error of the port is followed by its close. */
  createInterface({ input: control })
    .on('line', receive)
    .on('error', () => undefined)
  control.once('close', () => lose('the fork server is gone'))

  /** An answer of the server; a server that gives none in time is given up. */
  async function answered<T>(answer: Promise<T>): Promise<T> {
    return within(answerMs, answer, () => {
      lose('the fork server does not answer')
      return 'the fork server does not answer'
    })
  }

  function stop(id: number): void {
    const child = living.get(id)
    if (!child) return
    control.write(`kill ${id}\n`)
    answered(child.ended.promise).catch(() => undefined)
  }

  /** The process of a child, and its connections. Throws InfraError when it ends before, or does not connect. */
  async function comeUp(id: number, { forked, ended }: Child) {
    const lines = Promise.all([
      connections.expect(`qmp ${id}`),
      connections.expect(`agent ${id}`),
      connections.expect(`stderr ${id}`),
    ])
    const early = ended.promise.then(({ code, signal }) => Promise.reject(new InfraError(`it ended at once (${signal ?? code})`)))
    for (const other of [early, lines]) other.catch(() => undefined)
    try {
      const pid = await answered(forked.promise)
      const [qmp, agent, stderr] = await within(answerMs, Promise.race([lines, early]), () => 'the child does not connect')
      return { pid, qmp, agent, stderr }
    } catch (error) {
      /* A child that connects later must not stay open. */
      void lines.then((sockets) => sockets.forEach((socket) => socket.destroy()))
      throw error
    }
  }

  async function fork(payload: string, signal?: AbortSignal): Promise<RunningQemu> {
    const file = await open(payload)
    const pipe = await openConsolePipe().catch(async (error: unknown) => {
      await file.close()
      throw error
    })
    last += 1
    const id = last
    const child: Child = { forked: Promise.withResolvers(), ended: Promise.withResolvers() }
    living.set(id, child)
    void child.ended.promise.then(() => living.delete(id))
    try {
      if (lost === null) control.write(`fork ${id} ${pipe.fd} ${file.fd}\n`)
      else refuse(child, lost)
      const { pid, qmp, agent, stderr } = await comeUp(id, child)
      const said = keepEnd(stderr)
      const closed = new Promise((resolve) => stderr.once('close', resolve))
      const ended = Promise.all([child.ended.promise, closed]).then(([exit]) => ({ ...exit, stderr: said() || exit.stderr }))
      const ports = { pid, qmp: openQmp(qmp, true), console: pipe.reader, agent, control: null }
      return createRunningQemu({ ...ports, ended, stop: () => stop(id) }, signal)
    } catch (error) {
      stop(id)
      pipe.reader.destroy()
      throw error
    } finally {
      pipe.handOver()
      await file.close()
    }
  }

  return {
    loaded: (limitMs) => within(limitMs, loaded.promise, () => 'the library is not loaded'),
    check: async () => {
      control.write('check\n')
      await answered(able.promise)
    },
    fork,
    gone: async () => {
      while (living.size > 0) await Promise.all([...living.values()].map(({ ended }) => ended.promise))
    },
  }
}
