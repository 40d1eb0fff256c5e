/** Time the stages of a thing, where somebody wants to know. */
import type { SpanListener, StageName, Subject } from '#domain/span.ts'

/** Do `work` and tell how long it took, also when it fails. */
export type Stopwatch = <T>(name: StageName, work: () => Promise<T>) => Promise<T>

/** Nobody wants to know. */
export const untimed: Stopwatch = (_name, work) => work()

/** A stopwatch for the stages of `subject`; without a listener, one that only does the work. */
export function createStopwatch(tell: SpanListener | undefined, subject: Subject): Stopwatch {
  if (tell === undefined) return untimed
  return async (name, work) => {
    const start = performance.now()
    try {
      return await work()
    } finally {
      tell({ name, ...subject, start, end: performance.now() })
    }
  }
}
