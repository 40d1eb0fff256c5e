/** Signals of a terminal or a service manager, as an AbortSignal, for work that uses the cache. */
import { whileInUse } from '#harness/support/cache-use.ts'
import { findWorkspace } from '#harness/support/workspace.ts'
import { INTERRUPTED } from '../output/exit-code.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Work until a signal comes, which aborts it; nothing of the cache is kept for it. The second signal exits at once. */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  for (const name of SIGNALS) process.on(name, stop)
  try {
    await work(controller.signal)
  } finally {
    for (const name of SIGNALS) process.off(name, stop)
  }
}

/**
 * Work until a signal comes, while no other process may remove entries of the cache: the first signal aborts it, and it must end
 * within two seconds; the second exits at once. Returns false when a signal ended the work, and true when the work ended by
 * itself, also where a signal came too late to abort anything.
 */
export async function untilSignal(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED)
    controller.abort()
  }
  for (const name of SIGNALS) process.on(name, stop)
  try {
    const { signal } = controller
    await whileInUse(findWorkspace(), { signal, onWait: (text) => console.error(`kwitness: ${text}`) }, () => work(signal))
    return true
  } catch (error) {
    if (!controller.signal.aborted) throw error
    return false
  } finally {
    for (const name of SIGNALS) process.off(name, stop)
  }
}
