/**
 * What guests, machines in use and make print, as it comes, published on a diagnostics channel for whoever subscribes:
 * `--verbose` does.
 */
import { channel } from 'node:diagnostics_channel'

export interface LiveOutput {
  /** Id of the kernel, or the name of the machine or of the build. */
  readonly kernel: string
  /** Id of the case; null where the output is not that of one case. */
  readonly case: string | null
  /** The kernel log, what a case or kwitness-check printed, its standard error, or what make printed. */
  readonly port: 'console' | 'output' | 'stderr' | 'make'
  readonly chunk: Uint8Array
}

const outputs = channel('kwitness.live-output')

/** Publish a chunk; without subscribers it does nothing. */
export function publishOutput(output: LiveOutput): void {
  if (outputs.hasSubscribers && output.chunk.length > 0) outputs.publish(output)
}

/** Pass all output to `listener` until the returned object is disposed. */
export function listenToOutput(listener: (output: LiveOutput) => void): Disposable {
  const onOutput = (output: unknown): void => listener(output as LiveOutput)
  outputs.subscribe(onOutput)
  return { [Symbol.dispose]: () => void outputs.unsubscribe(onOutput) }
}
