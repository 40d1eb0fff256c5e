/** `--timings`: collect where the time of a run goes, and tell it when the report is out. */
import { createStopwatch, type Stopwatch } from '#harness/support/stopwatch.ts'
import type { Span, SpanListener } from '#domain/span.ts'
import { renderTimings, renderTrace } from '#render/timings.ts'
import { terminalOf, writeOut } from './files.ts'

export interface TimingsKeeper {
  /** Undefined when nobody asked. */
  readonly spans: SpanListener | undefined
  /** For what is done when the run is over. */
  readonly report: Stopwatch
  /** Print the table on stderr and write the trace to `file`; nothing when nobody asked. */
  readonly tell: (run: string, file: string) => Promise<void>
}

/** Collect the spans of a run from the start of this process on, where they are asked for. */
export function keepTimings(asked: true | undefined): TimingsKeeper {
  const all: Span[] = []
  const spans = asked ? (span: Span): void => void all.push(span) : undefined
  const nobody = { kernel: null, case: null }
  // Zero of this clock is the start of the process.
  spans?.({ name: 'start', ...nobody, lane: 'prepare', start: 0, end: performance.now() })
  return {
    spans,
    report: createStopwatch(spans, { ...nobody, lane: 'report' }),
    tell: async (run, file) => {
      if (!asked) return
      const end = performance.now()
      await writeOut(file, renderTrace(run, all, 0))
      console.error(renderTimings(all, 0, end, terminalOf(process.stderr)))
      console.error(`kwitness: trace, for ui.perfetto.dev or chrome://tracing: ${file}`)
    },
  }
}
