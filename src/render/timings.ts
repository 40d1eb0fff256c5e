/** Where the time of a run went: a table for a terminal, and the JSON trace that Perfetto and Chrome's tracing open. */
import { LANES, rowsOf, timingsOf } from '#analysis/timings.ts'
import type { Span } from '#domain/span.ts'
import { aligned } from './terminal/columns.ts'
import { type TerminalOptions, terminalStyle } from './terminal/style.ts'
import { oneLine } from './text/format.ts'

const HEADINGS = ['phase', 'wall', '', 'total', 'count', 'mean', 'longest', '']

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(milliseconds < 1000 ? 3 : 2)

const whose = ({ kernel, case: name }: Span): string => oneLine([kernel, name].filter((word) => word !== null).join(' '))

/**
 * A table of the phases, the largest share of the wall time first. `wall` divides each moment among its phases, so that the
 * column adds up; `total` is the sum of each phase's own time.
 */
export function renderTimings(spans: readonly Span[], begin: number, end: number, options: TerminalOptions): string {
  const style = terminalStyle(options)
  const { wall, unmeasured, phases } = timingsOf(spans, begin, end)
  const percent = (part: number): string => `${(wall > 0 ? (100 * part) / wall : 0).toFixed(1)} %`
  const rows = phases.map(({ name, share, total, count, longest }) => [
    name,
    seconds(share),
    percent(share),
    seconds(total),
    String(count),
    seconds(total / count),
    seconds(longest.own),
    whose(longest.span),
  ])
  const rest = ['no phase', seconds(unmeasured), percent(unmeasured)]
  const [headings = '', ...lines] = aligned([HEADINGS, ...rows, rest])
  const title = style.paint('bold', `where ${seconds(wall)} s went`)
  return [`${title}, in seconds`, style.paint('faint', headings), ...lines].join('\n')
}

/** Spans as a JSON trace: a process for each lane, a thread for each of its rows. Times count from `begin`. */
export function renderTrace(run: string, spans: readonly Span[], begin: number): string {
  const micros = (time: number): number => Math.round((time - begin) * 1000)
  const named = (name: string, pid: number, tid: number, args: object) => ({ name, ph: 'M', pid, tid, args })
  const rows = [...Map.groupBy(rowsOf(spans), ({ lane }) => lane)]
  const events = rows.flatMap(([lane, own]) => {
    const pid = LANES.indexOf(lane) + 1
    return [
      named('process_name', pid, 0, { name: lane }),
      named('process_sort_index', pid, 0, { sort_index: pid }),
      ...own.flatMap((row, index) => [
        named('thread_name', pid, index + 1, { name: `${lane} ${index + 1}` }),
        ...row.spans.map(({ name, kernel, case: theCase, start, end }) => ({
          name,
          cat: lane,
          ph: 'X',
          // Both ends are rounded the same way, so that a part stays inside its whole.
          ts: micros(start),
          dur: micros(end) - micros(start),
          pid,
          tid: index + 1,
          args: { ...(kernel === null ? {} : { kernel }), ...(theCase === null ? {} : { case: theCase }) },
        })),
      ]),
    ]
  })
  return `${JSON.stringify({ displayTimeUnit: 'ms', otherData: { run }, traceEvents: events })}\n`
}
