/** A QMP client: commands in order, and events. */
import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { InfraError } from '#domain/errors.ts'
import { qmpMessageSchema } from '#schema/guest.ts'
import { readJson } from '#schema/read.ts'

export interface QmpEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface Qmp {
  /** Run one command and return its result. Throws InfraError when QEMU refuses it or ends. */
  readonly execute: (command: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>
  readonly onEvent: (listener: (event: QmpEvent) => void) => void
}

interface Waiting {
  readonly command: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * A client on this stream. It may send several commands at once: QEMU answers them in order, after its greeting. A QEMU that
 * was forked from one that had greeted is `greeted`: it continues where the other was.
 */
export function openQmp(stream: Duplex, greeted = false): Qmp {
  const waiting: Waiting[] = []
  const listeners: ((event: QmpEvent) => void)[] = []
  const decoder = new StringDecoder('utf8')
  let pending = ''
  let closed = false

  function receive(line: string): void {
    const message = readJson(qmpMessageSchema, line)
    if (message === null) {
      const first = waiting.shift()
      first?.reject(new InfraError(`QEMU answered ${first.command} with a line that is not QMP: ${line.trim().slice(0, 80)}`))
    } else if (message.event !== undefined) {
      const event = { event: message.event, data: message.data ?? {} }
      for (const listener of listeners) listener(event)
    } else if ('return' in message) {
      waiting.shift()?.resolve(message['return'])
    } else if (message.error !== undefined) {
      const first = waiting.shift()
      first?.reject(new InfraError(`QEMU refused ${first.command}: ${message.error.desc ?? 'no reason given'}`))
    }
  }

  function close(): void {
    closed = true
    for (const { command, reject } of waiting.splice(0)) reject(new InfraError(`QEMU ended before it answered ${command}`))
  }

  stream.on('data', (chunk: Buffer) => {
    const lines = (pending + decoder.write(chunk)).split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) if (line.trim()) receive(line)
  })
  stream.on('error', close)
  stream.on('close', close)
  stream.on('end', close)

  function execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (closed) return reject(new InfraError(`QEMU ended before ${command}`))
      waiting.push({ command, resolve, reject })
      stream.write(`${JSON.stringify({ execute: command, arguments: args })}\n`)
    })
  }

  if (!greeted) void execute('qmp_capabilities').catch(() => undefined)
  return { execute, onEvent: (listener) => void listeners.push(listener) }
}
