/** The copies of one fork server: asked for, known by their process, told when they end. */
import { open } from 'node:fs/promises'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { InfraError } from '#domain/errors.ts'
import { openConsolePipe } from '../qemu/console-pipe.ts'
import { keepEnd, machineOf, type Machine, type QemuExit } from '../qemu/process.ts'
import { openQmp } from '../qemu/qmp.ts'
import type { Callers } from './callers.ts'

/** A copy takes some milliseconds. */
const PATIENCE_MS = 10_000

export interface Copies {
  /** Throws InfraError when the server refuses, is gone, or its copy does not come up. */
  readonly fork: (payload: string, signal?: AbortSignal) => Promise<Machine>
  /** Resolves once none is left. */
  readonly gone: () => Promise<void>
}

const exitOf = (kind: string | undefined, number: number): QemuExit => {
  const signal = Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? String(number)
  return kind === 'signal' ? { code: null, signal, stderr: '' } : { code: number, signal: null, stderr: '' }
}

interface Copy {
  readonly forked: PromiseWithResolvers<number>
  readonly ended: PromiseWithResolvers<QemuExit>
}

/** Command the fork server behind this port, whose copies call here. */
export function commandCopies(control: Duplex, callers: Callers): Copies {
  const living = new Map<number, Copy>()
  let last = 0
  let isGone = false

  function refuse(copy: Copy | undefined, why: string): void {
    copy?.forked.reject(new InfraError(`QEMU was not copied: ${why}`))
    /* The kernel kills what there is of them with their server (pdeathsig). */
    copy?.ended.resolve({ code: null, signal: 'SIGKILL', stderr: why })
  }

  function hear(line: string): void {
    const [, word, id, rest = ''] = /^(\w+) (\d+) (.*)$/.exec(line) ?? []
    const copy = living.get(Number(id))
    const [kind, number] = rest.split(' ')
    if (word === 'forked') copy?.forked.resolve(Number(rest))
    else if (word === 'refused') refuse(copy, rest)
    else if (word === 'ended') copy?.ended.resolve(exitOf(kind, Number(number)))
  }

  /* What becomes of the port is told by its close. */
  createInterface({ input: control })
    .on('line', hear)
    .on('error', () => undefined)
  control.once('close', () => {
    isGone = true
    living.forEach((copy) => refuse(copy, 'the fork server is gone'))
  })

  /** Its process, and its lines once it has called. Rejects when it ends before. */
  async function comeUp(id: number, { forked, ended }: Copy) {
    const early = ended.promise.then(({ code, signal }) => Promise.reject(new InfraError(`it ended at once (${signal ?? code})`)))
    const lines = Promise.all([callers.expect(`qmp ${id}`), callers.expect(`agent ${id}`), callers.expect(`stderr ${id}`)])
    const late = new AbortController()
    const over = sleep(PATIENCE_MS, null, { signal: late.signal }).then(() => Promise.reject(new InfraError('no answer')))
    for (const other of [early, lines, over]) other.catch(() => undefined)
    try {
      const pid = await Promise.race([forked.promise, over])
      const [qmp, agent, stderr] = await Promise.race([lines, early, over])
      return { pid, qmp, agent, stderr }
    } catch (error) {
      /* Who calls nevertheless is not wanted any more. */
      void lines.then((sockets) => sockets.forEach((socket) => socket.destroy()))
      throw error
    } finally {
      late.abort()
    }
  }

  async function fork(payload: string, signal?: AbortSignal): Promise<Machine> {
    const file = await open(payload)
    const pipe = await openConsolePipe().catch(async (error: unknown) => {
      await file.close()
      throw error
    })
    last += 1
    const id = last
    const copy: Copy = { forked: Promise.withResolvers(), ended: Promise.withResolvers() }
    living.set(id, copy)
    void copy.ended.promise.then(() => living.delete(id))
    const stop = (): void => void control.write(`kill ${id}\n`)
    try {
      if (isGone) refuse(copy, 'the fork server is gone')
      else control.write(`fork ${id} ${pipe.fd} ${file.fd}\n`)
      const { pid, qmp, agent, stderr } = await comeUp(id, copy)
      const said = keepEnd(stderr)
      const closed = new Promise((resolve) => stderr.once('close', resolve))
      const ended = Promise.all([copy.ended.promise, closed]).then(([exit]) => ({ ...exit, stderr: said() || exit.stderr }))
      const ports = { pid, qmp: openQmp(qmp, true), console: pipe.reader, agent, control: null }
      return machineOf({ ...ports, ended, stop }, signal)
    } catch (error) {
      stop()
      pipe.reader.destroy()
      throw error
    } finally {
      pipe.handOver()
      await file.close()
    }
  }

  return {
    fork,
    gone: async () => {
      while (living.size > 0) await Promise.all([...living.values()].map(({ ended }) => ended.promise))
    },
  }
}
