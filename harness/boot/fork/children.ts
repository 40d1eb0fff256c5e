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

/** The children of the fork server behind this port (server.c), which connect here. */
export class Children {
  readonly #control: Duplex
  readonly #connections: Connections
  readonly #giveUp: () => void
  readonly #answerMs: number
  readonly #living = new Map<number, Child>()
  readonly #loaded = Promise.withResolvers<void>()
  readonly #able = Promise.withResolvers<void>()
  #lastId = 0
  /** Why there are no more children; null while the server works. */
  #lost: string | null = null

  constructor(control: Duplex, connections: Connections, { giveUp, answerMs = ANSWER_MS }: Options) {
    this.#control = control
    this.#connections = connections
    this.#giveUp = giveUp
    this.#answerMs = answerMs
    /* Each of them may be awaited late, or never. */
    for (const { promise } of [this.#loaded, this.#able]) promise.catch(() => undefined)
    /* An error of the port is followed by its close. */
    createInterface({ input: control })
      .on('line', (line) => this.#receive(line))
      .on('error', () => undefined)
    control.once('close', () => this.#lose('the fork server is gone'))
  }

  /** Resolves when the library reports that it is loaded; throws InfraError when it does not within `limitMs`. */
  loaded(limitMs: number): Promise<void> {
    return within(limitMs, this.#loaded.promise, () => 'the library is not loaded')
  }

  /** Throws InfraError with the server's own reason when it cannot fork. */
  async check(): Promise<void> {
    this.#control.write('check\n')
    await this.#answered(this.#able.promise)
  }

  /** Fork a child with this payload. Throws InfraError when the server refuses, has ended, or its child does not come up. */
  async fork(payload: string, signal?: AbortSignal): Promise<RunningQemu> {
    const file = await open(payload)
    const pipe = await openConsolePipe().catch(async (error: unknown) => {
      await file.close()
      throw error
    })
    this.#lastId += 1
    const id = this.#lastId
    const child: Child = { forked: Promise.withResolvers(), ended: Promise.withResolvers() }
    this.#living.set(id, child)
    void child.ended.promise.then(() => this.#living.delete(id))
    try {
      if (this.#lost === null) this.#control.write(`fork ${id} ${pipe.fd} ${file.fd}\n`)
      else refuse(child, this.#lost)
      const { pid, qmp, agent, stderr } = await this.#connect(id, child)
      const said = keepEnd(stderr)
      const closed = new Promise((resolve) => stderr.once('close', resolve))
      const ended = Promise.all([child.ended.promise, closed]).then(([exit]) => ({ ...exit, stderr: said() || exit.stderr }))
      const ports = { pid, qmp: openQmp(qmp, true), console: pipe.reader, agent, control: null, debug: null }
      return createRunningQemu({ ...ports, ended, stop: () => this.#stop(id) }, signal)
    } catch (error) {
      this.#stop(id)
      pipe.reader.destroy()
      throw error
    } finally {
      pipe.handOver()
      await file.close()
    }
  }

  /** Resolves once no child is left. */
  async gone(): Promise<void> {
    while (this.#living.size > 0) await Promise.all([...this.#living.values()].map(({ ended }) => ended.promise))
  }

  #receive(line: string): void {
    const [, word, rest = ''] = /^(\w+) ?(.*)$/.exec(line) ?? []
    const [id = '', ...values] = rest.split(' ')
    const child = this.#living.get(Number(id))
    if (word === 'ready') this.#loaded.resolve()
    else if (word === 'able') this.#able.resolve()
    else if (word === 'unable') this.#able.reject(new InfraError(rest))
    else if (word === 'forked') child?.forked.resolve(Number(values[0]))
    else if (word === 'refused') refuse(child, values.join(' '))
    else if (word === 'ended') child?.ended.resolve(exitOf(values[0], Number(values[1])))
  }

  /** Give the server up: whatever waits for it fails with this reason. */
  #lose(why: string): void {
    if (this.#lost !== null) return
    this.#lost = why
    for (const waiting of [this.#loaded, this.#able]) waiting.reject(new InfraError(why))
    this.#living.forEach((child) => refuse(child, why))
    this.#giveUp()
  }

  /** An answer of the server; without one in time the server is given up. */
  #answered<T>(answer: Promise<T>): Promise<T> {
    return within(this.#answerMs, answer, () => {
      this.#lose('the fork server does not answer')
      return 'the fork server does not answer'
    })
  }

  #stop(id: number): void {
    const child = this.#living.get(id)
    if (!child) return
    this.#control.write(`kill ${id}\n`)
    this.#answered(child.ended.promise).catch(() => undefined)
  }

  /** The process of a child, and its connections. Throws InfraError when it ends before, or does not connect. */
  async #connect(id: number, { forked, ended }: Child) {
    const lines = Promise.all([
      this.#connections.expect(`qmp ${id}`),
      this.#connections.expect(`agent ${id}`),
      this.#connections.expect(`stderr ${id}`),
    ])
    const early = ended.promise.then(({ code, signal }) => Promise.reject(new InfraError(`it ended at once (${signal ?? code})`)))
    for (const other of [early, lines]) other.catch(() => undefined)
    try {
      const pid = await this.#answered(forked.promise)
      const [qmp, agent, stderr] = await within(this.#answerMs, Promise.race([lines, early]), () => 'the child does not connect')
      return { pid, qmp, agent, stderr }
    } catch (error) {
      /* A child that connects later must not stay open. */
      void lines.then((sockets) => sockets.forEach((socket) => socket.destroy()))
      throw error
    }
  }
}

function refuse(child: Child | undefined, why: string): void {
  child?.forked.reject(new InfraError(`QEMU did not fork: ${why}`))
  child?.ended.resolve({ code: null, signal: 'SIGKILL', stderr: why })
}
