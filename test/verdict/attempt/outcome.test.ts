import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Ending, Evidence } from '#domain/evidence.ts'
import type { TestPoint, TestStatus, TestStream } from '#domain/tests.ts'
import { judgeAttempt } from '#verdict/attempt/outcome.ts'
import { NOT_OK, OK } from './rows.ts'
import { exited, point, race, reading, sampleEvidence, splat, stream, theCase } from '#test/helpers/judging.ts'

const died = sampleEvidence({ ending: exited({ code: 1 }) })
const lost = (droppedBytes: number) => ({ file: 'log', bytes: 100, droppedBytes })

test('a not ok that does not count is shown with the crash', () => {
  const judged = judgeAttempt(died, reading(NOT_OK, { splats: [splat('oops', 'BUG: sample', 40)] }), theCase)
  const text = 'the case said "test 1 sample: not ok", which does not count here'
  assert.deepEqual(judged.reasons, [
    { channel: 'console', line: 40, rule: 'console/splat', text: 'BUG: sample' },
    { channel: 'output', line: 3, rule: 'output/not-counted', text },
  ])
})

test('notes follow the reason: warnings, skipped tests, taint, damaged bytes', () => {
  const said = stream(point('pass'), point('skip', { number: 2, reason: 'no UFFDIO_MOVE', line: 4 }))
  const evidence = sampleEvidence({ taint: { before: 0, after: 512 } })
  const judged = judgeAttempt(evidence, reading(said, { splats: [splat('warning', 'WARNING in x', 12)], badBytes: 2 }), theCase)
  assert.deepEqual(
    judged.reasons.map(({ rule, line, text }) => [rule, line, text]),
    [
      ['output/ok', 3, 'test 1 sample: ok'],
      ['output/partly-skipped', 4, '1 of 2 tests skipped: no UFFDIO_MOVE'],
      ['console/warning', 12, 'WARNING in x'],
      ['agent/taint', null, 'the kernel became tainted W during the case'],
      ['console/bad-bytes', null, '2 bytes of the console are not valid UTF-8'],
    ],
  )
})

test('the taint of a module that the case asked for is no news', () => {
  const plain = sampleEvidence({ taint: { before: 0, after: 4096 } })
  const rules = (evidence: Evidence) => judgeAttempt(evidence, reading(OK), theCase).reasons.map(({ rule }) => rule)
  assert.deepEqual(rules(plain), ['output/ok', 'agent/taint'])
  assert.deepEqual(rules({ ...plain, job: { ...plain.job, modules: ['pin'] } }), ['output/ok'])
  assert.deepEqual(rules({ ...plain, job: { ...plain.job, externalModules: [{ name: 'pin', sha256: '0' }] } }), ['output/ok'])
})

test('trials of a race are carried along, and their absence is noted', () => {
  const counted = stream(point('pass', { diagnostics: ['kwitness: trials=400 hits=0'] }))
  assert.deepEqual(judgeAttempt(sampleEvidence(), reading(counted), race).trials, { hits: 0, trials: 400 })
  const named = stream(point('pass', { diagnostics: ['kwitness: trigger=io_uring', 'kwitness: trials=400 hits=0'] }))
  assert.deepEqual(judgeAttempt(sampleEvidence(), reading(counted), race).codePath, null)
  assert.deepEqual(judgeAttempt(sampleEvidence(), reading(named), race).codePath, 'io_uring')
  const judged = judgeAttempt(sampleEvidence(), reading(OK), race)
  assert.equal(judged.trials, null)
  assert.deepEqual(
    judged.reasons.map(({ rule }) => rule),
    ['output/ok', 'output/no-trials'],
  )
})

test('a bug seen where log was lost says what was lost', () => {
  const judged = judgeAttempt({ ...died, console: lost(5) }, reading(NOT_OK), theCase)
  assert.deepEqual(
    judged.reasons.map(({ rule }) => rule),
    ['output/not-ok', 'log/lost'],
  )
})

test('trials of an attempt that does not count are not carried along', () => {
  const counted = stream(point('pass', { diagnostics: ['kwitness: trials=400 hits=0'] }))
  const judged = judgeAttempt(sampleEvidence({ console: lost(5) }), reading(counted), race)
  assert.deepEqual([judged.outcome, judged.trials], ['error', null])
})

test('a flood of reasons is cut, and says so', () => {
  const points = Array.from({ length: 500 }, (_, index) => point('fail', { number: index + 1, name: 'x'.repeat(1000) }))
  const { reasons } = judgeAttempt(died, reading(stream(...points)), theCase)
  assert.equal(reasons.length, 21)
  assert.equal(reasons.at(-1)?.text, 'and 480 more')
  assert.ok(reasons.every(({ text }) => text.length <= 303))
})

const anyPoint: fc.Arbitrary<TestPoint> = fc.letrec<{ point: TestPoint }>((tie) => ({
  point: fc.record({
    number: fc.nat(),
    name: fc.string(),
    status: fc.constantFrom<TestStatus>('pass', 'fail', 'skip', 'todo', 'xfail', 'timeout', 'error', 'not-reported'),
    reason: fc.string(),
    diagnostics: fc.array(fc.oneof(fc.string(), fc.constant('kwitness: trials=5 hits=1')), { maxLength: 2 }),
    children: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie('point'), { maxLength: 3 })),
  }),
})).point

const anyStream: fc.Arbitrary<TestStream> = fc.record({
  documents: fc.array(
    fc.record({
      points: fc.array(anyPoint, { maxLength: 3 }),
      planned: fc.option(fc.nat(4)),
      skipAll: fc.option(fc.string()),
      bailOut: fc.option(fc.string()),
      diagnostics: fc.array(fc.string(), { maxLength: 2 }),
      problems: fc.constant([]),
    }),
    { maxLength: 2 },
  ),
  problems: fc.constant([]),
})

const anyEnding = fc.oneof(
  fc.record({ code: fc.option(fc.nat(255)), signal: fc.option(fc.nat(64)), timedOut: fc.boolean() }).map(exited),
  fc.constantFrom<Ending>(
    { kind: 'case-hung', afterSeconds: 1 },
    { kind: 'kernel-hung', afterSeconds: 1 },
    { kind: 'guest-stopped', reason: '' },
    { kind: 'qemu-gone', code: null, signal: null, stderr: '' },
    { kind: 'no-boot', reason: '' },
    { kind: 'garbled', detail: '' },
    { kind: 'infra', message: '' },
  ),
)

test('whatever a guest did has an outcome with a reason, and clean needs a whole ok', () => {
  fc.assert(
    fc.property(anyEnding, anyStream, fc.nat(1), fc.nat(1), (ending, tests, extraBanners, droppedBytes) => {
      const evidence = sampleEvidence({ ending, console: lost(droppedBytes) })
      const judged = judgeAttempt(evidence, reading(tests, { extraBanners }), theCase)
      assert.ok(judged.reasons.length > 0)
      if (judged.outcome !== 'not-reproduced') return
      const [first] = tests.documents
      assert.ok(ending.kind === 'exited' && ending.exit.code === 0 && !ending.exit.timedOut)
      assert.ok(first && tests.documents.every((each) => each.bailOut === null))
      assert.equal(extraBanners + droppedBytes, 0)
      assert.ok(!JSON.stringify(tests.documents).includes('"status":"fail"'))
    }),
    { numRuns: 3000 },
  )
})
