/** `--timings`: collect where the time of a run goes, and print it when the report is out. */
import { listenToSpans } from '#harness/support/spans.ts'
import type { Span } from '#domain/span.ts'
import { renderTimings, renderTrace } from '#render/timings.ts'
import { terminalOf, writeOut } from './files.ts'

export interface TimingsKeeper extends Disposable {
  /** Print the table on stderr and write the trace to `file`; nothing without `--timings`. */
  readonly tell: (run: string, file: string) => Promise<void>
}

/** With `--timings`, collect the spans of this process from its start until the returned object is disposed. */
export function keepTimings(asked: true | undefined): TimingsKeeper {
  if (!asked) return { tell: async () => undefined, [Symbol.dispose]: () => {} }
  // Zero of this clock is the start of the process.
  const spans: Span[] = [{ name: 'start', kernel: null, case: null, lane: 'prepare', start: 0, end: performance.now() }]
  const listening = listenToSpans((span) => void spans.push(span))
  return {
    tell: async (run, file) => {
      const end = performance.now()
      await writeOut(file, renderTrace(run, spans, 0))
      console.error(renderTimings(spans, 0, end, terminalOf(process.stderr)))
      console.error(`kwitness: trace, for ui.perfetto.dev or chrome://tracing: ${file}`)
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  }
}
