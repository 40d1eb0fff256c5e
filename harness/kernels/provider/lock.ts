/** Locks of the cache that a provider takes: waiting for one is reported as progress. */
import { withLock } from '#harness/support/lock.ts'
import { reportProgress, type KernelContext } from './provider.ts'

/** Milliseconds between two descriptions of what a holder does. */
const DESCRIBE_MS = 1000

/** A lock of the cache, and what its holder does. */
interface ContextLock {
  readonly path: string
  /** What is locked, for whoever waits: `kernel builds`. */
  readonly name: string
  readonly doing: string
  /** The kernel that progress is about; null for none. */
  readonly kernel: string | null
}

/**
 * Work while holding a lock of the cache. Waiting is reported as progress; what the work reports with the context it gets, other
 * processes that wait for the lock can say, too.
 */
export function withCacheLock<T>(
  context: KernelContext,
  { path, name, doing, kernel }: ContextLock,
  work: (context: KernelContext) => Promise<T>,
): Promise<T> {
  const onWait = (sentence: string): void => reportProgress(context, kernel, sentence)
  return withLock(path, { name, doing, signal: context.signal, onWait }, (describe) => {
    let described = Number.NEGATIVE_INFINITY
    return work({
      ...context,
      progress: (event) => {
        if (performance.now() - described >= DESCRIBE_MS) {
          described = performance.now()
          describe(`${event.kernel ?? doing}: ${event.message}`)
        }
        context.progress?.(event)
      },
    })
  })
}
