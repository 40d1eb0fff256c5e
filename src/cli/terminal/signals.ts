/** Signals of a terminal or a service manager, as an AbortSignal, for work that uses the cache. */
import { removeUnfinished } from '#harness/cache/unfinished.ts'
import { whileInUse } from '#harness/support/cache-use.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { INTERRUPTED } from '../output/exit-code.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Aborts at the first signal, exits at the second; signals have their usual effect again when it is disposed. */
function listenForSignals(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  for (const name of SIGNALS) process.on(name, stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of SIGNALS) process.off(name, stop)
    },
  }
}

/** Work until a signal comes, which aborts it; nothing of the cache is kept for it. The second signal exits at once. */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  using stop = listenForSignals()
  await work(stop.signal)
}

/**
 * Work until a signal comes, while no other process may remove entries of the cache; what killed processes left in it goes first.
 * The first signal aborts the work, which must end within two seconds; the second exits at once. Returns false when a signal
 * ended the work, and true when the work ended by itself, also where a signal came too late to abort anything.
 */
export async function untilSignal(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  using stop = listenForSignals()
  const { signal } = stop
  try {
    await removeUnfinished(findWorkspace())
    await whileInUse(findWorkspace(), { signal, onWait: (text) => console.error(`kwitness: ${text}`) }, () => work(signal))
    return true
  } catch (error) {
    if (!signal.aborted) throw error
    return false
  }
}
