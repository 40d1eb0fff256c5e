import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStopwatch, untimed } from '#harness/support/stopwatch.ts'
import type { Span } from '#domain/span.ts'

const SUBJECT = { kernel: 'k', case: null, lane: 'fetches' } as const

test('a stage is told when it is over, within what the clock said before and after', async () => {
  const told: Span[] = []
  const time = createStopwatch((span) => void told.push(span), SUBJECT)
  const before = performance.now()
  const work = async (): Promise<string> => {
    assert.deepEqual(told, [])
    return 'done'
  }
  assert.equal(await time('download', work), 'done')
  const [span] = told
  assert.deepEqual({ ...span, start: 0, end: 0 }, { name: 'download', ...SUBJECT, start: 0, end: 0 })
  assert.ok(span && before <= span.start && span.start <= span.end && span.end <= performance.now())
})

test('a stage that fails is told, and fails', async () => {
  const told: Span[] = []
  const time = createStopwatch((span) => void told.push(span), SUBJECT)
  await assert.rejects(
    time('unpack', () => Promise.reject(new Error('torn'))),
    /torn/,
  )
  assert.deepEqual(
    told.map(({ name }) => name),
    ['unpack'],
  )
})

test('without a listener there is only the work', async () => {
  const time = createStopwatch(undefined, SUBJECT)
  assert.equal(time, untimed)
  assert.equal(await time('hash', async () => 7), 7)
})
