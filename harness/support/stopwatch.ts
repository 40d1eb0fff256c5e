/** Measure how long each phase of one piece of work takes, when somebody listens. */
import type { SpanListener, PhaseName, Subject } from '#domain/span.ts'

/** Run `work` and report how long it took, also when it throws. */
export type Stopwatch = <T>(name: PhaseName, work: () => Promise<T>) => Promise<T>

/** A stopwatch that only runs the work. */
export const untimed: Stopwatch = (_name, work) => work()

/** A stopwatch for the phases of `subject`, which passes each span to `onSpan`; without a listener it only runs the work. */
export function createStopwatch(onSpan: SpanListener | undefined, subject: Subject): Stopwatch {
  if (onSpan === undefined) return untimed
  return async (name, work) => {
    const start = performance.now()
    try {
      return await work()
    } finally {
      onSpan({ name, ...subject, start, end: performance.now() })
    }
  }
}
