import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTrials, parseTrigger, readTrials, sumTrials } from '#verdict/attempt/trials.ts'
import { document, point, silent, stream } from '#test/helpers/judging.ts'

test('a trials line is read', () => {
  assert.deepEqual(parseTrials('kwitness: trials=1500 hits=14'), { trials: 1500, hits: 14 })
  assert.deepEqual(parseTrials('  kwitness: trials=0 hits=0\r'), { trials: 0, hits: 0 })
})

for (const line of ['', 'trials=1 hits=0', 'kwitness: seed=4', 'Kernel panic', '# not kwitness: trials=1 hits=0']) {
  test(`"${line}" is about something else`, () => assert.equal(parseTrials(line), null))
}

for (const line of [
  'kwitness: trials=',
  'kwitness: trials=10',
  'kwitness: trials=10 hits=11',
  'kwitness: trials=-1 hits=0',
  'kwitness: trials=1e3 hits=0',
  'kwitness: trials=10 hits=1[    3.14] BUG: glued on',
  'kwitness: trials=99999999999999999999 hits=0',
]) {
  test(`"${line}" is malformed`, () => assert.equal(parseTrials(line), 'malformed'))
}

test('any counts survive being printed and read', () => {
  const counts = fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => ({ hits: Math.min(a, b), trials: Math.max(a, b) }))
  fc.assert(
    fc.property(counts, ({ hits, trials }) => {
      assert.deepEqual(parseTrials(`kwitness: trials=${trials} hits=${hits}`), { hits, trials })
    }),
  )
})

test('any text is counts that can be, malformed, or about something else', () => {
  const near = fc.array(fc.constantFrom('kwitness:', ' ', 'trials=', 'hits=', '1', '9', '-', '\u0000', 'x'), { maxLength: 12 })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        near.map((parts) => parts.join('')),
      ),
      (line) => {
        const read = parseTrials(line)
        if (read === null || read === 'malformed') return
        assert.ok(Number.isSafeInteger(read.trials) && read.hits >= 0 && read.hits <= read.trials)
      },
    ),
    { numRuns: 5000 },
  )
})

test('the last count of a point stands for it, and points add up', () => {
  const running = ['kwitness: trials=10 hits=0', 'noise', 'kwitness: trials=20 hits=1']
  const children = [point('fail', { diagnostics: running }), point('pass', { diagnostics: running.slice(0, 1) })]
  const parent = point('fail', { children })
  const read = readTrials({ documents: [document([parent], { diagnostics: ['kwitness: trials=5 hits=0'] })], problems: [] })
  assert.deepEqual(read, { trials: { trials: 35, hits: 1 }, triggers: [], malformed: [] })
})

test('malformed lines are kept beside what could be read', () => {
  const read = readTrials(stream(point('pass', { diagnostics: ['kwitness: trials=x hits=0', 'kwitness: trials=1 hits=0'] })))
  assert.deepEqual(read, { trials: { trials: 1, hits: 0 }, triggers: [], malformed: ['kwitness: trials=x hits=0'] })
})

test('no line is no trials, which is not zero trials', () => {
  assert.equal(readTrials(silent).trials, null)
  assert.equal(sumTrials([]), null)
})

test('a trigger line is read', () => {
  assert.deepEqual(parseTrigger('kwitness: trigger=io_uring'), { name: 'io_uring' })
  assert.deepEqual(parseTrigger('  kwitness: trigger=pin_longterm_test\r'), { name: 'pin_longterm_test' })
})

for (const line of ['', 'trigger=io_uring', 'kwitness: trials=1 hits=0', '# not kwitness: trigger=x']) {
  test(`"${line}" is about something else than a trigger`, () => assert.equal(parseTrigger(line), null))
}

for (const line of [
  'kwitness: trigger=',
  'kwitness: trigger=Io_Uring',
  'kwitness: trigger=io-uring',
  'kwitness: trigger=io_uring and more',
  `kwitness: trigger=${'x'.repeat(41)}`,
]) {
  test(`"${line}" is a malformed trigger`, () => {
    assert.equal(parseTrigger(line), 'malformed')
    assert.deepEqual(readTrials(stream(point('pass', { diagnostics: [line] }))).malformed, [line])
  })
}

test('a trigger said twice is one, two triggers are two', () => {
  const said = (...names: string[]) =>
    readTrials({
      documents: [document([point('pass', { diagnostics: names.map((name) => `kwitness: trigger=${name}`) })])],
      problems: [],
    }).triggers
  assert.deepEqual(said('io_uring', 'io_uring'), ['io_uring'])
  assert.deepEqual(said('io_uring', 'pin_pages'), ['io_uring', 'pin_pages'])
})
