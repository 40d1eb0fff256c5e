/** A wait that is bounded. */
import { InfraError } from '#domain/errors.ts'

/**
 * What this promise comes to, if it does within so many milliseconds; else throws InfraError with the message that `late`
 * returns. What the promise rejects with later is dropped.
 */
export async function within<T>(limitMs: number, promise: Promise<T>, late: () => string): Promise<T> {
  promise.catch(() => undefined)
  let isSettled = false
  let timer: NodeJS.Timeout | undefined
  /* Timers come before ports: after a stall of this host the answer may lie there, unread. */
  const over = new Promise<never>((_, reject) => {
    const end = () => isSettled || reject(new InfraError(late()))
    timer = setTimeout(() => setImmediate(end), limitMs)
  })
  try {
    return await Promise.race([promise, over])
  } finally {
    isSettled = true
    clearTimeout(timer)
  }
}
