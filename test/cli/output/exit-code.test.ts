import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffOf } from '#analysis/diff/diff.ts'
import { STATUSES } from '#analysis/verify/report.ts'
import {
  CHANGE_WORDS,
  exitCodeOf,
  exitCodeOfBaseline,
  exitCodeOfDiff,
  exitCodeOfCheck,
  exitCodeOfReplay,
  exitCodeOfControlMatrix,
  exitCodeOfSuite,
  exitCodeOfVerification,
  readFailOn,
  SUITE_WORDS,
  type Judged,
} from '#cli/output/exit-code.ts'
import type { Finding, Verdict } from '#domain/judgement.ts'
import type { CaseContradiction } from '#domain/report/matrix.ts'
import { smallReport } from '#test/helpers/reports.ts'
import { CONTRADICTION } from '#test/helpers/reports/contradicted.ts'
import { smallSuite } from '#test/helpers/reports/suite.ts'

function reportOf(...cells: readonly (readonly [Verdict, Finding])[]): Judged {
  return { cells: cells.map(([verdict, finding]) => ({ verdict, finding })), caseContradictions: [] }
}

const CHECKED = {
  host: 'db1',
  kernel: 'host-db1-6.1.0',
  outcome: 'checked',
  message: null,
  facts: {},
  left: [],
  seconds: 1,
  nearest: null,
} as const

test('a machine without an answer, or with something left on it, is no success', () => {
  const known = reportOf(['carries', 'agrees'])
  assert.equal(exitCodeOfCheck({ ...known, hosts: [CHECKED] }, []), 0)
  assert.equal(exitCodeOfCheck(known, []), 0)
  for (const bad of [{ ...CHECKED, left: ['/tmp/x'] }, { ...CHECKED, outcome: 'timed-out' } as const]) {
    assert.equal(exitCodeOfCheck({ ...known, hosts: [CHECKED, bad] }, []), 3)
    assert.equal(exitCodeOfCheck({ ...known, hosts: [CHECKED, bad] }, ['carries']), 1)
    assert.equal(exitCodeOfCheck({ ...reportOf(), hosts: [bad] }, []), 3)
  }
})

test('words of --fail-on are verdicts and findings, separated by commas', () => {
  assert.deepEqual(readFailOn(undefined), [])
  for (const text of ['', ' ', ','])
    assert.throws(() => readFailOn(text), { name: 'UserError', message: '--fail-on names no word' })
  assert.deepEqual(readFailOn(' lacks, inconclusive,,fixed-not-listed '), ['lacks', 'inconclusive', 'fixed-not-listed'])
  for (const word of ['fails', 'Lacks', 'lacks;inconclusive', 'agrees']) {
    const expected = { name: 'UserError', message: `--fail-on does not know ${word}`, hint: /^it knows: .*lacks/ }
    assert.throws(() => readFailOn(`lacks,${word}`), expected)
  }
})

test('answers are no failure: not that a kernel lacks a fix, nor that a race is inconclusive', () => {
  const answers = reportOf(['not-applicable', 'agrees'], ['lacks', 'agrees'], ['carries', 'fixed-not-listed'])
  assert.equal(exitCodeOf(answers, []), 0)
  assert.equal(exitCodeOf(reportOf(['inconclusive', 'not-comparable']), []), 0)
})

test('a report without a result is no answer: of cases, and of a suite whose programs reported no test', () => {
  assert.equal(exitCodeOf(reportOf(), []), 2)
  assert.equal(exitCodeOf(reportOf(), ['lacks']), 2)
  const suite = smallSuite()
  assert.equal(exitCodeOfSuite({ ...suite, cells: [], rows: [], changes: [] }, []), 2)
  const silent = suite.cells.map((cell) => ({ ...cell, outcome: 'error' as const, results: [] }))
  assert.equal(exitCodeOfSuite({ ...suite, cells: silent, rows: [], changes: [] }, []), 2)
  assert.equal(exitCodeOfSuite({ ...suite, cells: silent, rows: [], changes: [] }, ['error']), 1)
})

test('a fix that is claimed and lacking is a finding, and so is a broken case', () => {
  assert.equal(exitCodeOf(reportOf(['carries', 'agrees'], ['lacks', 'listed-still-affected']), []), 1)
  assert.equal(exitCodeOf(reportOf(['error', 'not-comparable']), []), 1)
})

test('what a claim source contradicts in case.json is a finding, whatever the verdicts are', () => {
  for (const report of [reportOf(['carries', 'agrees']), reportOf(['no-result', 'not-comparable'])]) {
    assert.equal(exitCodeOf({ ...report, caseContradictions: [CONTRADICTION] }, []), 1)
  }
})

test('--fail-on makes a finding of what it names, verdict or finding, and of nothing else', () => {
  const report = reportOf(['carries', 'fixed-not-listed'], ['inconclusive', 'not-comparable'])
  for (const word of ['carries', 'fixed-not-listed', 'inconclusive']) assert.equal(exitCodeOf(report, [word]), 1, word)
  for (const word of ['lacks', 'not-applicable', 'no-result']) assert.equal(exitCodeOf(report, [word]), 0, word)
})

test('--fail-on inconclusive means the verdict: a kernel that cannot be asked has nothing to prove', () => {
  const report = reportOf(['not-applicable', 'not-comparable'], ['lacks', 'not-comparable'])
  assert.equal(exitCodeOf(report, ['inconclusive']), 0)
  assert.equal(exitCodeOf(reportOf(['inconclusive', 'not-comparable']), ['inconclusive']), 1)
})

test('a cell without an answer is infrastructure, unless a finding stands beside it', () => {
  assert.equal(exitCodeOf(reportOf(['carries', 'agrees'], ['no-result', 'not-comparable']), []), 3)
  assert.equal(exitCodeOf(reportOf(['no-result', 'not-comparable'], ['lacks', 'listed-still-affected']), []), 1)
  assert.equal(exitCodeOf(reportOf(['no-result', 'not-comparable']), ['no-result']), 1)
})

test('a control matrix that does not hold is a finding, missing answers are a fault of the machine', () => {
  const failure = (blame: 'control' | 'machine') => ({ kernel: 'k', case: 'c', blame, text: '' })
  assert.equal(exitCodeOfControlMatrix({ holds: true, failures: [] }), 0)
  assert.equal(exitCodeOfControlMatrix({ holds: false, failures: [failure('machine')] }), 3)
  assert.equal(exitCodeOfControlMatrix({ holds: false, failures: [failure('machine'), failure('control')] }), 1)
})

test('a replay: the same outcome, another one, or none on this host, whatever it was then', () => {
  const taint = { before: 0, after: 0 }
  const replayed = { ending: 'clean exit', summary: null, trials: null, seconds: 1, taint, diagnostics: [] } as const
  assert.equal(exitCodeOfReplay({ sameOutcome: true, replayed: { ...replayed, outcome: 'reproduced' } }), 0)
  assert.equal(exitCodeOfReplay({ sameOutcome: false, replayed: { ...replayed, outcome: 'not-reproduced' } }), 1)
  for (const sameOutcome of [true, false])
    assert.equal(exitCodeOfReplay({ sameOutcome, replayed: { ...replayed, outcome: 'infra' } }), 3)
})

test('results of a suite are answers, but for what is asked; what our side lost is none', () => {
  const report = smallSuite()
  assert.equal(exitCodeOfSuite(report, []), 0)
  for (const word of ['regression', 'improvement', 'differs', 'fail', 'error', 'not-reported']) {
    assert.equal(exitCodeOfSuite(report, readFailOn(word, SUITE_WORDS)), 1, word)
  }
  assert.equal(exitCodeOfSuite(report, ['change']), 0, 'there is none')
  const lost = { ...report, cells: report.cells.map((cell) => ({ ...cell, outcome: 'infra' as const })) }
  assert.equal(exitCodeOfSuite(lost, []), 3)
  assert.throws(() => readFailOn('lacks', SUITE_WORDS), { name: 'UserError', hint: /regression/ })
})

test('a verification exits by the worst that a base says; what is there already everywhere has a code of its own', () => {
  assert.equal(exitCodeOfVerification(['fixes', 'unchanged', 'already-applied']), 0)
  assert.equal(exitCodeOfVerification(['already-applied', 'already-applied']), 4)
  assert.equal(exitCodeOfVerification(['fixes', 'no-answer', 'already-applied']), 3)
  assert.equal(exitCodeOfVerification([]), 3)
  for (const status of STATUSES.filter((one) => !['fixes', 'unchanged', 'already-applied', 'no-answer'].includes(one))) {
    assert.equal(exitCodeOfVerification(['fixes', 'no-answer', status]), 1, status)
  }
})

test('against a baseline a known lack is no finding; a regression is one, and whatever --fail-on names', () => {
  const none = { counts: diffOf(smallReport(), smallReport()).counts }
  const regressed = { counts: { ...none.counts, regressed: 1 } }
  const flaky = { counts: { ...none.counts, flaky: 1 } }
  const known = reportOf(['lacks', 'listed-still-affected'], ['error', 'not-comparable'])
  assert.equal(exitCodeOfBaseline(known, reportOf(), none, []), 0)
  assert.equal(exitCodeOfBaseline(known, reportOf(), none, ['lacks']), 1)
  assert.equal(exitCodeOfBaseline(known, reportOf(), regressed, []), 1)
  assert.equal(exitCodeOfBaseline(reportOf(), reportOf(), none, []), 2)
  const zero = Object.fromEntries(Object.keys(none.counts).map((change) => [change, 0])) as typeof none.counts
  const disjoint = { counts: { ...zero, appeared: 1, gone: 4 } }
  assert.equal(exitCodeOfBaseline(known, reportOf(), disjoint, []), 2, 'zero comparisons are no pass')
  assert.equal(exitCodeOfDiff(disjoint, []), 2)
  assert.deepEqual(
    [exitCodeOfBaseline(known, reportOf(), flaky, []), exitCodeOfBaseline(known, reportOf(), flaky, ['flaky'])],
    [0, 1],
  )
  assert.equal(exitCodeOfBaseline(reportOf(['no-result', 'not-comparable']), reportOf(), none, []), 3)
  const lost = { ...CHECKED, outcome: 'lost', message: 'it went away' } as const
  assert.equal(exitCodeOfBaseline({ ...known, hosts: [CHECKED] }, reportOf(), none, []), 0)
  assert.equal(exitCodeOfBaseline({ ...known, hosts: [CHECKED, lost] }, reportOf(), none, []), 3)
  assert.equal(exitCodeOfBaseline({ ...reportOf(), hosts: [lost] }, reportOf(), none, []), 3)
  assert.throws(() => readFailOn('same', CHANGE_WORDS), { name: 'UserError', hint: /regressed/ })
})

test('against a baseline a contradiction of case.json is a finding where it is new, whatever words the changelog has now', () => {
  const none = { counts: diffOf(smallReport(), smallReport()).counts }
  const held = { ...reportOf(['lacks', 'agrees']), caseContradictions: [CONTRADICTION] }
  const code = (before: CaseContradiction | null) =>
    exitCodeOfBaseline(held, { caseContradictions: before ? [before] : [] }, none, [])
  assert.equal(code(null), 1)
  assert.equal(code(CONTRADICTION), 0)
  assert.equal(code({ ...CONTRADICTION, source: 'Debian changelog: linux (6.12.43-1)' }), 0)
  for (const other of [{ case: 'uffd-move-livelock' }, { series: '6.1.y' }, { release: '6.12.28' }, { listed: '6.12.30' }]) {
    assert.equal(code({ ...CONTRADICTION, ...other }), 1, JSON.stringify(other))
  }
})
