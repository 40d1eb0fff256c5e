/** What a program of a suite said, as results: names, statuses, and what its exit status adds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAnyTests } from '#console/ktap/reader.ts'
import type { Oracle } from '#domain/case.ts'
import type { Ending } from '#domain/evidence.ts'
import { resultsOf } from '#verdict/suite/results.ts'

function results(output: string, code: number | null = 0, oracle: Oracle = 'reports', timedOut = false): string[] {
  const signal = code === null ? 11 : null
  const ending: Ending = { kind: 'exited', exit: { code, signal, timedOut, seconds: 1 } }
  return resultsOf(readAnyTests(Buffer.from(output)), ending, oracle).map(
    ({ test: name, status, reason }) => `${status} ${name}${reason && ` | ${reason}`}`,
  )
}

test('a result is called by its name, and by its text where a directive stands in its place', () => {
  const skips = 'ok 2 # SKIP move on anon (feature missing)\nok 3 # SKIP no name\n'
  const output = `TAP version 13\n1..4\nok 1 a\n${skips}ok 4 # XFAIL x (y)\n`
  assert.deepEqual(results(output), ['pass a', 'skip move on anon | feature missing', 'skip no name', 'xfail x (y)'])
})

test('[RUN] above one result is the test, the result what came of it; several under it have names of their own', () => {
  const several = '# [RUN] holes\nok 2 read\nok 3 # SKIP write (no swap)\n'
  const output = `TAP version 13\n1..5\n# [RUN] fork\nok 1 no leak\n${several}# [RUN] other\nnot ok 4 leak\n`
  const said = [
    'pass fork | no leak',
    'pass holes / read',
    'skip holes / write | no swap',
    'fail other | leak',
    'not-reported test 5',
  ]
  assert.deepEqual(results(output, 1), said)
})

test('kselftest_harness.h names a test that it skips before it begins', () => {
  const output = 'TAP version 13\n1..1\n#  RUN           migration.anon ...\n#      SKIP      no nodes\nok 1 # SKIP no nodes\n'
  assert.deepEqual(results(output), ['skip migration.anon | no nodes'])
})

test('subtests stand under the names above them, and namesakes are numbered', () => {
  const output = 'KTAP version 1\n1..2\n  KTAP version 1\n  1..2\n  ok 1 x\n  ok 2 x\nok 1 parent\nok 2 x\n'
  assert.deepEqual(results(output), ['pass parent / x', 'pass parent / x (2)', 'pass x'])
})

test('planned and never reported is not-reported, the error of a test is an error', () => {
  assert.deepEqual(results('TAP version 13\n1..2\nok 1 a\n', 0), ['pass a', 'not-reported test 2'])
  assert.deepEqual(results('TAP version 13\n1..1\nnot ok 1 # error no memory\n', 1), ['error no memory'])
})

test('an exit status that says what no test said is a result of its own', () => {
  const passed = 'TAP version 13\n1..1\nok 1 a\n'
  assert.deepEqual(results(passed, 0), ['pass a'])
  assert.deepEqual(results(passed, 1), ['pass a', 'fail exit status | exit status 1'])
  assert.deepEqual(results('TAP version 13\n1..1\nnot ok 1 a\n', 1), ['fail a'])
  const ended = 'Testing a... done\nTesting b... ERROR: no memory\n'
  const missing = 'not-reported b | it was announced, and its end never came: ERROR: no memory'
  assert.deepEqual(results(ended, 1), ['pass a', missing, 'fail exit status | exit status 1'])
  assert.deepEqual(results('', 4), ['skip exit status | exit status 4'])
  assert.deepEqual(results('last words\n', 2), ['fail exit status | exit status 2: last words'])
  assert.deepEqual(results('TAP version 13\nBail out! no memory\n', 1), ['fail exit status | exit status 1: no memory'])
  assert.deepEqual(results('1..0 # SKIP no pkeys\n', 4), ['skip exit status | no pkeys'])
})

test('nothing said is never a pass, but for programs that answer by their exit status alone', () => {
  assert.deepEqual(results('all is well\n', 0), [])
  assert.deepEqual(results('all is well\n', 0, 'exit-status'), ['pass exit status | exit status 0'])
  assert.deepEqual(results('', null, 'exit-status'), [], 'killed by a signal')
  assert.deepEqual(results('', 0, 'exit-status', true), [], 'its time was over')
})
