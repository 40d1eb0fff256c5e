/** Plain TAP held against TAP 14: what the specification forbids is found, with its line, and other dialects are let alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTap14Checker } from '#console/tap14.ts'

function check(text: string): string[] {
  const checker = createTap14Checker()
  text.split('\n').forEach((line, index) => checker.line(line, index + 1))
  return checker.finish().map(({ message, line }) => `${line ?? '-'} ${message}`)
}

const GOOD = `TAP version 14
1..3
# Subtest: inner
    1..2
    ok 1 - a
    ok 2 - b # SKIP no
ok 1 - inner
not ok 2 - fails
  ---
  message: "expected 1, got 2"
  at:
    line: 3
  ...
ok 3 - \\# and so on # TODO later
`

test('what keeps to TAP 14 has no problem, a failed test is none', () => assert.deepEqual(check(GOOD), []))

const NON_TAP = 'TAP 14: Non-TAP data encountered in strict mode'
const BROKEN: readonly (readonly [string, string, string[]])[] = [
  ['a line that is not TAP', 'TAP version 14\n1..1\nwords\nok 1 a\n', [`3 ${NON_TAP}`]],
  ['a number twice', 'TAP version 14\n1..2\nok 1 a\nok 1 b\n', ['4 TAP 14: test point id 1 appears multiple times']],
  ['a number past the plan', 'TAP version 14\n1..1\nok 2 a\n', ['3 TAP 14: id greater than plan end']],
  ['no plan', 'TAP version 13\nok 1 a\n', ['- TAP 14: no plan']],
  ['fewer results than planned', 'TAP version 14\n1..3\nok 1 a\n', ['- TAP 14: incorrect number of tests']],
]

for (const [what, text, problems] of BROKEN) test(`${what} is found`, () => assert.deepEqual(check(text), problems))

test('YAML that does not parse is found', () => {
  const found = check('TAP version 14\n1..1\nnot ok 1 a\n  ---\n  a: [\n  ...\n')
  assert.deepEqual(found, [`6 ${NON_TAP}`])
})

test('a subtest that breaks the rules is found inside its parent', () => {
  const found = check('TAP version 14\n1..1\n# Subtest: s\n    1..2\n    ok 1 - a\n    ok 1 - b\nok 1 - s\n')
  assert.equal(
    found.some((words) => words.includes('test point id 1 appears multiple times')),
    true,
  )
})

for (const other of [
  'KTAP version 1\n1..1\nwords\n',
  'TAP version 13\n1..1\n# KTAP version 1\nwords\n',
  '[    1.0] words\n',
  '',
]) {
  test(`${JSON.stringify(other)} is not plain TAP`, () => assert.deepEqual(check(other), []))
}

test('a stream without end is checked up to a bound, and says so', () => {
  const found = check(`TAP version 14\n${'# a comment of some length that says nothing of any use\n'.repeat(100_000)}`)
  assert.equal(found.length, 1)
  assert.match(found[0]!, /^\d+ TAP 14: what follows is not checked$/)
})

test('a flood of problems is bounded', () => {
  const found = check(`TAP version 14\n${'words\n'.repeat(1000)}1..1\nok\n`)
  assert.equal(found.length, 51)
  assert.match(found.at(-1)!, /^- TAP 14: 9\d\d more problems are not listed$/)
})
