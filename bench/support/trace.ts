/** What the tracing of Chromium says of a page: when it was painted, how long a key took, and the processor's time for both. */

/** What is read of an event: microseconds, and the durations of Event Timing in milliseconds. */
export interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  /** The time of its thread in an event. */
  readonly tdur?: number
  readonly args: { readonly data?: { readonly type?: string; readonly duration?: number; readonly navigationId?: string } }
}

/** Milliseconds of an act, and those in which a processor worked for it: of a page, its main thread. */
export interface Timing {
  readonly wall: number
  readonly cpu: number
}

/** Categories of the tracing that this needs. */
export const TRACED = ['loading', 'devtools.timeline', 'blink.user_timing', 'toplevel']

/** From the start of the navigation to the first text on the screen; NaN where the trace has neither. */
export function firstPaint(events: readonly TraceEvent[]): Timing {
  const painted = events.find(({ name }) => name === 'firstContentfulPaint')
  const begun = events.find(
    ({ name, args }) => name === 'navigationStart' && args.data?.navigationId === painted?.args.data?.navigationId,
  )
  return painted && begun ? shown(events, begun.ts, painted) : { wall: NaN, cpu: NaN }
}

/** From each key to the frame that shows what it did. */
export function keystrokes(events: readonly TraceEvent[]): Timing[] {
  return events
    .filter(({ name, ph, args: { data } }) => name === 'EventTiming' && ph === 'b' && data?.type === 'keydown')
    .map((event) => shown(events, event.ts, { ...event, ts: event.ts + (event.args.data?.duration ?? 0) * 1000 }))
}

/** The time up to an event, with that of the tasks of its thread that were over by then. */
function shown(events: readonly TraceEvent[], from: number, { ts: to, pid, tid }: TraceEvent): Timing {
  let [cpu, end] = [0, 0]
  const tasks = events.filter((event) => event.ph === 'X' && event.pid === pid && event.tid === tid && event.tdur !== undefined)
  for (const { ts, dur = 0, tdur = 0 } of tasks.toSorted((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))) {
    // An event inside another one is part of its time.
    if (ts < from || ts < end || ts + dur > to) continue
    cpu += tdur
    end = ts + dur
  }
  return { wall: (to - from) / 1000, cpu: cpu / 1000 }
}
