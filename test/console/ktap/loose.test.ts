/** The reader of loose test text held against generated runs, and against anything else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readAnyTests, readLoose, readTests } from '#console/ktap/reader.ts'
import type { TestStatus } from '#domain/tests.ts'
import { consoleLog } from '../arbitraries.ts'
import { DIALECTS, testRun } from './runs.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

const name = fc
  .array(fc.constantFrom('fork', 'anon', 'move', 'on', 'shmem', 'page', '(16 kB)', 'R/O'), { minLength: 1, maxLength: 5 })
  .map((words) => words.join(' '))
const status = fc.constantFrom<TestStatus>('pass', 'skip', 'fail')

interface Said {
  readonly name: string
  readonly status: TestStatus
}

const MARKS: Partial<Record<TestStatus, string>> = { pass: 'PASS', skip: 'SKIP', fail: 'FAIL' }
const ENDS: Partial<Record<TestStatus, string>> = { pass: 'done', skip: 'skipped [reason: why]', fail: 'failed [reason: why]' }

/** Ways in which programs say the same. */
const STYLES: Readonly<Record<string, (said: Said) => string>> = {
  'mark in front': (said) => `[${MARKS[said.status]}] ${said.name}\n`,
  'mark and tab in front': (said) => `[${MARKS[said.status]}]\t${said.name}\n`,
  'mark behind': (said) => `${said.name} ... [${MARKS[said.status]}]\n`,
  'mark under its test': (said) => `[RUN] ${said.name}\n[${MARKS[said.status]}]\n`,
  announced: (said) => `Testing ${said.name}... ${ENDS[said.status]}\n`,
  'announced, ended lines later': (said) => `Testing ${said.name}... some words\nmore\n${ENDS[said.status]}\n`,
}

for (const [style, print] of Object.entries(STYLES)) {
  test(`${style}: what was said is what is read`, () => {
    fc.assert(
      fc.property(fc.array(fc.record({ name, status }, { noNullPrototype: true }), { minLength: 1, maxLength: 12 }), (said) => {
        const document = readLoose(bytes(`words before\n${said.map(print).join('')}`))
        assert.deepEqual(
          document?.points.map((point) => ({ name: point.name, status: point.status })),
          said,
        )
        assert.deepEqual(document?.problems, [])
      }),
    )
  })
}

test('KTAP is read as KTAP, whatever loose words stand in it', () => {
  for (const print of Object.values(DIALECTS)) {
    fc.assert(
      fc.property(testRun, (run) => {
        const text = print(run)
        assert.deepEqual(readAnyTests(bytes(`${text}[FAIL] not a result\n`)), readTests(`${text}[FAIL] not a result\n`))
      }),
      { numRuns: 30 },
    )
  }
})

test('anything is read; where nothing looks like a result there is none, and that is a problem', () => {
  fc.assert(
    fc.property(consoleLog, (text) => {
      const stream = readAnyTests(bytes(text))
      const loose = readLoose(bytes(text))
      assert.ok(loose === null || loose.points.length > 0)
      const points = stream.documents.flatMap((document) => document.points)
      const skipped = stream.documents.some(({ skipAll }) => skipAll !== null)
      const problems = [...stream.problems, ...stream.documents.flatMap((document) => document.problems)]
      if (points.length === 0 && !skipped) assert.ok(problems.some(({ kind }) => kind === 'no-tests'))
    }),
  )
})

test('a test that was announced and never ended is not-reported, in the middle and at the end', () => {
  const document = readLoose(bytes('Testing a... done\nTesting b... \nTesting c... done\nTesting d... '))
  const said = document?.points.map((point) => `${point.name} ${point.status}`)
  assert.deepEqual(said, ['a pass', 'b not-reported', 'c pass', 'd not-reported'])
})

test('a sum that does not agree with the results is a problem, one that agrees is none', () => {
  const said = 'Testing a... done\n[FAIL] b\n'
  const sum = (text: string) => readLoose(bytes(`${said}Userfaults unit tests: ${text}\n`))?.problems.map(({ kind }) => kind)
  assert.deepEqual(sum('pass=1, skip=0, fail=1 (total=2)'), [])
  assert.deepEqual(sum('pass=2, skip=0, fail=1 (total=3)'), ['missing-result'])
})

test('what a test prints of a panic is prose', () => {
  const words = 'Kernel panic - not syncing: [PASS]word\nBUG: KASAN: done\nfailed\n[PASSENGER] x\nall done\n'
  assert.equal(readLoose(bytes(words)), null)
})

test('a flood of results is bounded, and what is left out is told', () => {
  const document = readLoose(bytes('[PASS] x\n'.repeat(10_003)))
  assert.equal(document?.points.length, 10_000)
  assert.deepEqual(
    document?.problems.map(({ message }) => message),
    ['3 more results are not listed'],
  )
})
