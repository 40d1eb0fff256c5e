/** The reader of any log: what it takes for what, and that it keeps a bounded part of an endless stream. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hasFailed, isEmptyReading, type LogReading } from '#domain/report/log.ts'
import { createLogReader } from '#console/log/reader.ts'
import { readTests } from '#console/ktap/reader.ts'
import { readConsole } from '#console/splat/reader.ts'
import { chunksOf, consoleLog } from '../arbitraries.ts'
import { DIALECTS, testRun } from '../ktap/runs.ts'

function read(text: string, sizes: readonly number[] = []): LogReading {
  const reader = createLogReader()
  for (const chunk of chunksOf(Buffer.from(text), sizes)) reader.push(chunk)
  return { source: '-', compression: 'none', ...reader.finish() }
}

test('results are those of the KTAP reader in every dialect, among the lines of a console too', () => {
  for (const print of Object.values(DIALECTS)) {
    fc.assert(
      fc.property(testRun, (run) => assert.deepEqual(read(print(run)).documents, readTests(print(run)).documents)),
      { numRuns: 30 },
    )
  }
})

test('kernel reports are those of the console reader, and chunks change nothing', () => {
  fc.assert(
    fc.property(consoleLog, fc.array(fc.nat(60)), (text, sizes) => {
      const stamped = text.replaceAll(/^/gm, '[    1.000000] ')
      assert.deepEqual(read(stamped).splats, readConsole(Buffer.from(stamped)).reading.splats)
      assert.deepEqual(read(text, sizes), read(text))
    }),
  )
})

const BANNER = '[    0.000000] Linux version 6.12.30 (me@box) (gcc) #1 SMP\n'

test('a boot without tests has not failed, whatever systemd marks as failed', () => {
  const reading = read(`${BANNER}[  OK  ] Started heron.service\n[FAILED] Failed to start gull.service\n`)
  assert.deepEqual([reading.dialect, isEmptyReading(reading), hasFailed(reading)], [null, false, false])
})

test('results of a console with a kernel report have failed by the report', () => {
  const passed = `${BANNER}[    1.000000] KTAP version 1\n[    1.000000] 1..1\n[    1.000000] ok 1 wren\n`
  assert.equal(hasFailed(read(passed)), false)
  assert.equal(hasFailed(read(`${passed}[    2.000000] BUG: KASAN: slab-use-after-free in gull_open+0x1/0x2\n`)), true)
  assert.equal(hasFailed(read(`${passed}${BANNER}`)), true)
})

test('what a test says of a panic is not a panic', () => {
  assert.deepEqual(read('TAP version 13\n1..1\n# Kernel panic - not syncing: x\nok 1 wren\n').splats, [])
})

test('prose and nothing are empty readings', () => {
  for (const text of ['', 'a letter\nof two lines\n']) assert.ok(isEmptyReading(read(text)))
})

test('a stream of many results keeps some, counts all, and keeps what failed', () => {
  const results = Array.from({ length: 50_000 }, (_, index) => `${index === 49_000 ? 'not ok' : 'ok'} ${index + 1} nest ${index}`)
  const reading = read(`KTAP version 1\n1..50001\n${results.join('\n')}\n`)
  assert.equal(reading.counts.pass, 49_999)
  assert.equal(reading.counts.fail, 1)
  assert.equal(reading.counts['not-reported'], 1)
  assert.equal(reading.unlisted, 29_999)
  assert.deepEqual(
    reading.documents[0]?.points.filter(({ status }) => status !== 'pass').map(({ number }) => number),
    [49_001, 50_001],
  )
})

test('results inside others count once each, however many documents there are', () => {
  const document = 'TAP version 13\n1..1\n    1..3\n    ok 1 wren\n    not ok 2 gull\n    ok 3 tern\nnot ok 1 birds\n'
  const reading = read(document.repeat(6000))
  assert.deepEqual([reading.counts.pass, reading.counts.fail, reading.documents.length], [12_000, 6000, 2000])
  assert.equal(reading.unlisted, 12_000)
})

test('a parent whose children are past the room for results is not counted beside them', () => {
  const child = (count: number) => Array.from({ length: count }, (_, index) => `    ok ${index + 1}\n`).join('')
  const { pass, fail } = read(`1..2\n${child(30_000)}ok 1 nest\n    1..1\n    ok 1\nok 2 eggs\n`).counts
  assert.deepEqual([pass, fail], [30_001, 0])
  const failed = `1..2\n${child(30_000)}ok 1 nest\n${child(9)}    not ok 10\n    1..10\nnot ok 2 eggs\n`
  const counts = read(failed).counts
  assert.deepEqual([counts.pass, counts.fail], [30_009, 1])
})

test('strict: plain TAP is held against TAP 14, and fails by what breaks it', () => {
  const problems = (text: string, strict: boolean) => {
    const reader = createLogReader({ strict })
    reader.push(Buffer.from(text))
    const reading = { source: '-', compression: 'none' as const, ...reader.finish() }
    return [hasFailed(reading), reading.problems.map(({ message, line }) => [message, line])]
  }
  const text = 'TAP version 14\n1..1\nwords\nok 1 a\n'
  assert.deepEqual(problems(text, false), [false, []])
  assert.deepEqual(problems(text, true), [true, [['TAP 14: Non-TAP data encountered in strict mode', 3]]])
  assert.deepEqual(problems(text.replace('TAP', 'KTAP'), true), [false, []])
})
