/** Where the time of a run went: spans in rows, and the wall time divided among the phases. */
import type { Lane, Span, PhaseName } from '#domain/span.ts'

/** Spans that only overlap by nesting, in the order of their starts. */
export interface SpanRow {
  readonly lane: Lane
  readonly spans: readonly Span[]
}

interface PhaseTime {
  readonly name: PhaseName
  readonly count: number
  /** Sum of its own milliseconds, without the phases inside it. */
  readonly total: number
  readonly longest: { readonly span: Span; readonly own: number }
  /** Milliseconds of the wall time: each moment is divided evenly among its phases. */
  readonly share: number
}

export interface Timings {
  /** Milliseconds from begin to end. */
  readonly wall: number
  /** Milliseconds of it outside any phase. */
  readonly unmeasured: number
  /** The largest share first. */
  readonly phases: readonly PhaseTime[]
}

/** In the order of a run. */
export const LANES: readonly Lane[] = ['prepare', 'fetches', 'slots', 'races', 'report']

/** Whether a span is another phase of the same kernel and case, inside the whole. */
function isPartOf(span: Span, whole: Span): boolean {
  const isWithin = whole.start <= span.start && span.end <= whole.end
  return isWithin && whole.name !== span.name && whole.kernel === span.kernel && whole.case === span.case
}

/** The spans of a lane in as few rows as possible, each in the row of its whole. */
function rowsOfLane(lane: Lane, spans: readonly Span[]): SpanRow[] {
  const rows: { readonly spans: Span[]; open: Span[] }[] = []
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    for (const row of rows) row.open = row.open.filter(({ end }) => end > span.start)
    const whole = rows.find(({ open }) => open.length > 0 && open.every((one) => isPartOf(span, one)))
    const place = whole ?? rows.find(({ open }) => open.length === 0)
    if (place) {
      place.spans.push(span)
      place.open.push(span)
    } else rows.push({ spans: [span], open: [span] })
  }
  return rows.map((row) => ({ lane, spans: row.spans }))
}

/** All spans in rows, lane by lane. */
export function rowsOf(spans: readonly Span[]): SpanRow[] {
  return LANES.flatMap((lane) =>
    rowsOfLane(
      lane,
      spans.filter((span) => span.lane === lane),
    ),
  )
}

interface Piece {
  readonly span: Span
  readonly start: number
  readonly end: number
}

/** The time of a row, cut where phases begin and end: each piece belongs to the innermost. */
function piecesOf({ spans }: SpanRow): Piece[] {
  const pieces: Piece[] = []
  const open: Span[] = []
  let at = -Infinity
  const advance = (to: number): void => {
    for (let inner = open.at(-1); inner; inner = open.at(-1)) {
      const end = Math.min(inner.end, to)
      if (end > at) pieces.push({ span: inner, start: at, end })
      at = Math.max(at, end)
      if (inner.end > to) return
      open.pop()
    }
    at = to
  }
  for (const span of spans) {
    advance(span.start)
    at = span.start
    open.push(span)
  }
  advance(Infinity)
  return pieces
}

/** Divide each moment evenly among its pieces. Returns the share of each phase and the time without a piece. */
function divide(pieces: readonly Piece[], begin: number, end: number) {
  const clamp = (time: number): number => Math.min(end, Math.max(begin, time))
  const changes = pieces
    .flatMap(({ span: { name }, start, end: over }) => [
      { name, at: clamp(start), by: 1 },
      { name, at: clamp(over), by: -1 },
    ])
    .toSorted((a, b) => a.at - b.at)
  const shares = new Map<PhaseName, number>()
  const going = new Map<PhaseName, number>()
  let [at, all, unmeasured] = [begin, 0, 0]
  const advance = (to: number): void => {
    if (all === 0) unmeasured += to - at
    else for (const [name, count] of going) shares.set(name, (shares.get(name) ?? 0) + ((to - at) * count) / all)
    at = to
  }
  for (const change of changes) {
    advance(change.at)
    going.set(change.name, (going.get(change.name) ?? 0) + change.by)
    all += change.by
  }
  advance(end)
  return { shares, unmeasured }
}

/** The time of each phase, and its share of the wall time from `begin` to `end` (milliseconds of the spans' clock). */
export function timingsOf(spans: readonly Span[], begin: number, end: number): Timings {
  const pieces = rowsOf(spans).flatMap(piecesOf)
  const own = new Map(spans.map((span) => [span, 0]))
  for (const { span, start, end: over } of pieces) own.set(span, (own.get(span) ?? 0) + over - start)
  const { shares, unmeasured } = divide(pieces, begin, end)
  const phases = [...Map.groupBy(own, ([{ name }]) => name)].map(([name, all]): PhaseTime => {
    const [span, longest] = all.reduce((most, next) => (next[1] > most[1] ? next : most))
    const total = all.reduce((sum, [, time]) => sum + time, 0)
    return { name, count: all.length, total, longest: { span, own: longest }, share: shares.get(name) ?? 0 }
  })
  const order = (a: PhaseTime, b: PhaseTime): number => b.share - a.share || (a.name < b.name ? -1 : 1)
  return { wall: end - begin, unmeasured, phases: phases.toSorted(order) }
}
