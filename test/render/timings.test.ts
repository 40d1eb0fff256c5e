/** The table and the trace of a day worked out by hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Span, PhaseName } from '#domain/span.ts'
import { renderTimings, renderTrace } from '#render/timings.ts'

const PLAIN_TERMINAL = { width: 100, colour: false, ascii: false }

function span(name: PhaseName, start: number, end: number, rest: Partial<Span> = {}): Span {
  return { name, start, end, kernel: 'k1', case: 'c1', lane: 'slots', ...rest }
}

const DAY: readonly Span[] = [
  span('start', 100, 200, { kernel: null, case: null, lane: 'prepare' }),
  span('attempt', 200, 1200),
  span('case', 300, 1100),
  span('case', 1000, 2200, { case: 'c2', kernel: 'k\u001b[2J' }),
]

test('the table: largest share first, one line for each stage, guest text harmless', () => {
  const text = renderTimings(DAY, 100, 2600, PLAIN_TERMINAL)
  assert.equal(
    text,
    `where 2.50 s went, in seconds
  phase     wall           total  count  mean   longest
  case      1.85   74.0 %  2.00   2      1.00   1.20     k [2J c2
  attempt   0.150  6.0 %   0.200  1      0.200  0.200    k1 c1
  start     0.100  4.0 %   0.100  1      0.100  0.100
  no phase  0.400  16.0 %`,
  )
})

test('the trace: a process for each lane, a thread for each row, complete events in microseconds', () => {
  const trace = JSON.parse(renderTrace('2026-01-31-1', DAY, 100))
  assert.equal(trace.displayTimeUnit, 'ms')
  assert.deepEqual(trace.otherData, { run: '2026-01-31-1' })
  const names = trace.traceEvents.filter(({ ph }: { ph: string }) => ph === 'M')
  assert.deepEqual(
    names.map(({ name, pid, tid, args }: Record<string, unknown>) => [name, pid, tid, args]),
    [
      ['process_name', 1, 0, { name: 'prepare' }],
      ['process_sort_index', 1, 0, { sort_index: 1 }],
      ['thread_name', 1, 1, { name: 'prepare 1' }],
      ['process_name', 3, 0, { name: 'slots' }],
      ['process_sort_index', 3, 0, { sort_index: 3 }],
      ['thread_name', 3, 1, { name: 'slots 1' }],
      ['thread_name', 3, 2, { name: 'slots 2' }],
    ],
  )
  const complete = trace.traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')
  assert.equal(complete.length + names.length, trace.traceEvents.length)
  assert.deepEqual(complete, [
    { name: 'start', cat: 'prepare', ph: 'X', ts: 0, dur: 100_000, pid: 1, tid: 1, args: {} },
    { name: 'attempt', cat: 'slots', ph: 'X', ts: 100_000, dur: 1_000_000, pid: 3, tid: 1, args: { kernel: 'k1', case: 'c1' } },
    { name: 'case', cat: 'slots', ph: 'X', ts: 200_000, dur: 800_000, pid: 3, tid: 1, args: { kernel: 'k1', case: 'c1' } },
    {
      name: 'case',
      cat: 'slots',
      ph: 'X',
      ts: 900_000,
      dur: 1_200_000,
      pid: 3,
      tid: 2,
      args: { kernel: 'k\u001b[2J', case: 'c2' },
    },
  ])
})

test('a part never sticks out of its whole by rounding', () => {
  const spans = [span('attempt', 0.0004, 1.0006), span('case', 0.0006, 1.0006)]
  const { traceEvents } = JSON.parse(renderTrace('r', spans, 0))
  const [whole, part] = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')
  assert.ok(part.ts >= whole.ts && part.ts + part.dur <= whole.ts + whole.dur)
})
