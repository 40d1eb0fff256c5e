/** Spans are published when their block ends, under the subject of their asynchronous context. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Span } from '#domain/span.ts'
import { inSpan, listenToSpans, startSpan, withSubject } from '#harness/support/spans.ts'

const SUBJECT = { kernel: 'k', case: null, lane: 'fetches' } as const

/** The spans that are published while the work runs. */
async function spansOf(work: () => Promise<void>): Promise<Span[]> {
  const spans: Span[] = []
  using _ = listenToSpans((span) => void spans.push(span))
  await work()
  return spans
}

test('a phase is published when its block ends, within the times read before and after it', async () => {
  const before = performance.now()
  const [span, ...others] = await spansOf(() =>
    withSubject(SUBJECT, async () => {
      using _ = startSpan('download')
      await Promise.resolve()
    }),
  )
  assert.deepEqual({ ...span, start: 0, end: 0 }, { name: 'download', ...SUBJECT, start: 0, end: 0 })
  assert.ok(span && before <= span.start && span.start <= span.end && span.end <= performance.now())
  assert.deepEqual(others, [])
})

test('a phase that throws is published, and its error reaches the caller', async () => {
  const spans = await spansOf(async () => {
    await assert.rejects(
      inSpan('unpack', () => Promise.reject(new Error('torn'))),
      /torn/,
    )
  })
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['unpack'],
  )
})

test('work that runs side by side keeps its own subject, and phases inside it have that subject', async () => {
  const fetchOf = (kernel: string) =>
    withSubject({ ...SUBJECT, kernel }, async () => {
      await inSpan('fetch', () => inSpan('hash', () => new Promise<void>((resolve) => setImmediate(resolve))))
    })
  const spans = await spansOf(async () => void (await Promise.all([fetchOf('a'), fetchOf('b')])))
  const named = spans.map(({ kernel, name }) => `${kernel} ${name}`)
  assert.deepEqual(named.toSorted(), ['a fetch', 'a hash', 'b fetch', 'b hash'])
})

test('work without a subject publishes no spans', async () => {
  const spans = await spansOf(() =>
    inSpan('fork server', () => withSubject(null, () => inSpan('restore', () => Promise.resolve()))),
  )
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['fork server'],
  )
})

test('a phase that began before anybody listened is not published', async () => {
  using _ = startSpan('hash')
  const spans = await spansOf(async () => {
    const value = await inSpan('fetch', async () => 7)
    assert.equal(value, 7)
  })
  assert.deepEqual(
    spans.map(({ name }) => name),
    ['fetch'],
  )
})
