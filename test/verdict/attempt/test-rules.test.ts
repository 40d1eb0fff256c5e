import type { TestStatus } from '#domain/tests.ts'
import { OK, NOT_OK, testRows, type Row } from './rows.ts'
import { document, exited, point, reading, sampleEvidence, silent, stream } from '#test/helpers/judging.ts'

const died = sampleEvidence({ ending: exited({ code: 1 }) })

const ROWS: readonly Row[] = [
  { says: 'ok is clean', reading: reading(OK), outcome: 'not-reproduced', rule: 'output/ok', line: 3 },
  {
    says: 'not ok is the bug seen',
    evidence: died,
    reading: reading(NOT_OK),
    outcome: 'reproduced',
    rule: 'output/not-ok',
    line: 3,
  },
  {
    says: 'one not ok among many is the bug seen',
    evidence: died,
    reading: reading(stream(point('pass'), point('fail', { number: 2, line: 7 }), point('skip', { number: 3 }))),
    outcome: 'reproduced',
    rule: 'output/not-ok',
    line: 7,
  },
  {
    says: 'not ok of a subtest is the bug seen',
    evidence: died,
    reading: reading(stream(point('fail', { children: [point('pass'), point('fail', { number: 2, line: 9 })] }))),
    outcome: 'reproduced',
    rule: 'output/not-ok',
    line: 9,
  },
  {
    says: 'a skip of the whole is a skip',
    evidence: sampleEvidence({ ending: exited({ code: 4 }) }),
    reading: reading({ documents: [document([], { planned: 0, skipAll: 'no userfaultfd' })], problems: [] }),
    outcome: 'skipped',
    rule: 'output/skip',
  },
  {
    says: 'a skip of every test is a skip',
    reading: reading(stream(point('skip', { reason: 'no UFFDIO_MOVE', line: 4 }), point('skip', { number: 2 }))),
    outcome: 'skipped',
    rule: 'output/skip',
    line: 4,
  },
  {
    says: 'some skips are still clean',
    reading: reading(stream(point('pass'), point('skip', { number: 2 }))),
    outcome: 'not-reproduced',
    rule: 'output/ok',
  },
  {
    says: 'bail out is a broken self-check, whatever was said before',
    evidence: died,
    reading: reading({ documents: [document([point('fail')], { bailOut: 'fork event never came' })], problems: [] }),
    outcome: 'error',
    rule: 'output/bail-out',
  },
  { says: 'silence is broken', reading: reading(silent), outcome: 'error', rule: 'output/protocol' },
  {
    says: 'a document without tests is broken, even if its reader let it pass',
    reading: reading({ documents: [document([])], problems: [] }),
    outcome: 'error',
    rule: 'output/protocol',
  },
  {
    says: 'a missing plan is broken',
    reading: reading({ documents: [document([point('pass')], { planned: null })], problems: [] }),
    outcome: 'error',
    rule: 'output/protocol',
  },
  {
    says: 'fewer results than planned are broken',
    reading: reading({ documents: [document([point('pass')], { planned: 2 })], problems: [] }),
    outcome: 'error',
    rule: 'output/protocol',
  },
  {
    says: 'a cut stream is broken',
    evidence: died,
    reading: reading({ ...NOT_OK, problems: [{ kind: 'cut-stream', message: 'the stream ends in line 9', line: 9 }] }),
    outcome: 'error',
    rule: 'output/protocol',
    line: 9,
  },
  ...(['error', 'timeout', 'not-reported', 'todo', 'xfail'] as const).map((status: TestStatus): Row => ({
    says: `a test that ends as ${status} is broken`,
    reading: reading(stream(point('pass'), point(status, { number: 2, line: 5 }))),
    outcome: 'error',
    rule: 'output/undecided',
    line: 5,
  })),
  {
    says: 'a parent that fails without a failing child is broken',
    evidence: died,
    reading: reading(stream(point('fail', { children: [point('pass')] }))),
    outcome: 'error',
    rule: 'output/parent',
  },
  {
    says: 'a parent that passes over a failing child is broken',
    reading: reading(stream(point('pass', { children: [point('fail')] }))),
    outcome: 'error',
    rule: 'output/parent',
  },
  { says: 'all ok with status 1 is broken', evidence: died, reading: reading(OK), outcome: 'error', rule: 'agent/exit-status' },
  { says: 'not ok with status 0 is broken', reading: reading(NOT_OK), outcome: 'error', rule: 'agent/exit-status' },
  {
    says: 'a case that died of a signal is broken',
    evidence: sampleEvidence({ ending: exited({ code: null, signal: 11 }) }),
    reading: reading(OK),
    outcome: 'error',
    rule: 'agent/exit-status',
  },
  {
    says: 'panic words in the output of a test mean nothing',
    reading: reading(stream(point('pass', { name: 'Kernel panic - <script>', diagnostics: ['Kernel panic', 'BUG: KASAN'] }))),
    outcome: 'not-reproduced',
    rule: 'output/ok',
  },
  {
    says: 'trials that cannot be read are broken',
    reading: reading(stream(point('pass', { diagnostics: ['kwitness: trials=many hits=0'] }))),
    outcome: 'error',
    rule: 'output/trials',
  },
  {
    says: 'hits that the results deny are broken',
    reading: reading(stream(point('pass', { diagnostics: ['kwitness: trials=10 hits=1'] }))),
    outcome: 'error',
    rule: 'output/trials',
  },
  {
    says: 'a trigger that cannot be read is broken',
    reading: reading(stream(point('pass', { diagnostics: ['kwitness: trigger=IO-URING', 'kwitness: trials=10 hits=0'] }))),
    outcome: 'error',
    rule: 'output/trials',
  },
  {
    says: 'trials by two triggers are broken: nobody knows which of them made how many',
    reading: reading(stream(point('pass', { diagnostics: ['kwitness: trigger=io_uring', 'kwitness: trigger=pin_pages'] }))),
    outcome: 'error',
    rule: 'output/trials',
  },
]

testRows(ROWS)
