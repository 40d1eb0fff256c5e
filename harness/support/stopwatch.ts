/** A span around one call, for code that is handed a stopwatch. */
import type { PhaseName } from '#domain/span.ts'
import { startSpan } from './spans.ts'

/** Run `work` and report how long it took, also when it throws. */
export type Stopwatch = <T>(name: PhaseName, work: () => Promise<T>) => Promise<T>

/** A stopwatch that only runs the work. */
export const untimed: Stopwatch = (_name, work) => work()

/** A stopwatch that publishes spans. */
export const timed: Stopwatch = async (name, work) => {
  using _ = startSpan(name)
  return await work()
}
