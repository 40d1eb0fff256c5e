/** What guests print, as it comes, published on a diagnostics channel for whoever subscribes: `--verbose` does. */
import { channel } from 'node:diagnostics_channel'
import type { BoundedLog } from './log.ts'

export interface GuestOutput {
  /** Ids of the kernel and the case. */
  readonly kernel: string
  readonly case: string
  /** The kernel log, or what the case printed. */
  readonly port: 'console' | 'output'
  readonly chunk: Uint8Array
}

const outputs = channel('kwitness.guest-output')

/** Publish a chunk; without subscribers it does nothing. */
export function publishGuestOutput(output: GuestOutput): void {
  if (outputs.hasSubscribers && output.chunk.length > 0) outputs.publish(output)
}

/** A log that also publishes all that is written to it. */
export function published(log: BoundedLog, source: Omit<GuestOutput, 'chunk'>): BoundedLog {
  if (!outputs.hasSubscribers) return log
  const write = (chunk: Buffer): void => {
    publishGuestOutput({ ...source, chunk })
    log.write(chunk)
  }
  return { ...log, write }
}

/** Pass all output to `listener` until the returned object is disposed. */
export function listenToGuests(listener: (output: GuestOutput) => void): Disposable {
  const onOutput = (output: unknown): void => listener(output as GuestOutput)
  outputs.subscribe(onOutput)
  return { [Symbol.dispose]: () => void outputs.unsubscribe(onOutput) }
}
