import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStopwatch, untimed } from '#harness/support/stopwatch.ts'
import type { Span } from '#domain/span.ts'

const SUBJECT = { kernel: 'k', case: null, lane: 'fetches' } as const

test('a phase is reported when it ends, within the times read before and after it', async () => {
  const spans: Span[] = []
  const time = createStopwatch((span) => void spans.push(span), SUBJECT)
  const before = performance.now()
  const work = async (): Promise<string> => {
    assert.deepEqual(spans, [])
    return 'done'
  }
  assert.equal(await time('download', work), 'done')
  const [span] = spans
  assert.deepEqual({ ...span, start: 0, end: 0 }, { name: 'download', ...SUBJECT, start: 0, end: 0 })
  assert.ok(span && before <= span.start && span.start <= span.end && span.end <= performance.now())
})

test('a phase that throws is reported, and its error reaches the caller', async () => {
  const spans: Span[] = []
  const time = createStopwatch((span) => void spans.push(span), SUBJECT)
  await assert.rejects(
    time('unpack', () => Promise.reject(new Error('torn'))),
    /torn/,
  )
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['unpack'],
  )
})

test('without a listener only the work runs', async () => {
  const time = createStopwatch(undefined, SUBJECT)
  assert.equal(time, untimed)
  assert.equal(await time('hash', async () => 7), 7)
})
