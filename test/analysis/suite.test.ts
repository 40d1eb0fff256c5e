/** Rows, differences and changes of a suite's report. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { buildSuiteReport, inOrder } from '#analysis/suite.ts'
import type { ResultStatus, SuiteCell } from '#domain/report/suite.ts'
import { suiteCell, suiteParts } from '#test/helpers/reports/suite.ts'

type Column = Readonly<Record<string, ResultStatus>>

/** The report of one program on kernels of these versions. */
function reportOf(columns: Readonly<Record<string, Column | Partial<SuiteCell>>>) {
  const cells = Object.entries(columns).map(([version, column]) => {
    const crashed = 'outcome' in column
    return suiteCell(version, 'cow', crashed ? {} : (column as Column), crashed ? (column as Partial<SuiteCell>) : {})
  })
  return buildSuiteReport(suiteParts(Object.keys(columns), ['cow'], cells))
}

const statuses = (report: ReturnType<typeof reportOf>) =>
  Object.fromEntries(report.rows.map(({ test: name, results }) => [name, results.map(({ status }) => status).join()]))

test('a row holds every kernel, in version order, and what one did not report is not-reported there', () => {
  const report = reportOf({ '6.12.118': { a: 'pass', b: 'fail' }, '6.1.192': { a: 'pass' } })
  assert.deepEqual(
    report.kernels.map(({ version }) => version),
    ['6.1.192', '6.12.118'],
  )
  assert.deepEqual(statuses(report), { a: 'pass,pass', b: 'not-reported,fail' })
  assert.deepEqual(
    report.rows.map(({ differs }) => differs),
    [false, true],
  )
})

test('what a crashed guest did not say is not-reported for that reason', () => {
  const crashed: Partial<SuiteCell> = { outcome: 'unrelated-crash', summary: 'BUG: bad page.', results: [] }
  const report = reportOf({ '6.1.1': { a: 'pass' }, '6.1.2': crashed })
  assert.equal(statuses(report)['a'], 'pass,not-reported')
  assert.equal(report.rows[0]?.results[1]?.reason, 'BUG: bad page.')
  assert.deepEqual(report.counts['debian-6.1.2-1-cloud-amd64'], {
    pass: 0,
    xfail: 0,
    fail: 0,
    skip: 0,
    error: 0,
    'not-reported': 1,
  })
})

test('what was not run, or what our side lost, is not-reported and no difference', () => {
  const lost: Partial<SuiteCell> = { outcome: 'infra', summary: 'no disk.', results: [] }
  const report = reportOf({ '6.1.1': { a: 'pass' }, '6.1.2': lost, '6.1.3': { outcome: null, results: [] } })
  assert.deepEqual(statuses(report), { a: 'pass,not-reported,not-reported' })
  assert.deepEqual(
    report.rows.map(({ differs }) => differs),
    [false],
  )
})

test('a name that carries a measure is one row; sizes that one kernel has several of stay apart', () => {
  const report = reportOf({
    '6.12.1': { 'extra pages 46 (0.1%)': 'pass', 'THP (16 kB)': 'pass', 'THP (32 kB)': 'pass' },
    '7.2.1': { 'extra pages 53 (0.2%)': 'fail', 'THP (64 kB)': 'pass' },
  })
  const sizes = { 'THP (16 kB)': 'pass,not-reported', 'THP (32 kB)': 'pass,not-reported', 'THP (64 kB)': 'not-reported,pass' }
  assert.deepEqual(statuses(report), { 'extra pages N (N%)': 'pass,fail', ...sizes })
})

test('an exit status that goes with the results passes where another kernel has to tell it', () => {
  assert.deepEqual(statuses(reportOf({ '6.1.1': { a: 'pass' }, '6.1.2': { a: 'pass', 'exit status': 'fail' } })), {
    a: 'pass,pass',
    'exit status': 'pass,fail',
  })
})

test('changes run along versions; a kernel that says nothing is passed over', () => {
  const report = reportOf({
    '6.1.1': { a: 'pass', b: 'fail', c: 'skip', d: 'pass' },
    '6.1.2': { a: 'not-reported', b: 'fail', c: 'skip', d: 'error' },
    '6.12.1': { a: 'fail', b: 'pass', c: 'pass', d: 'pass' },
  })
  assert.deepEqual(
    report.changes.map(({ test: name, kind, before, after }) => `${name} ${kind} ${before} ${after}`),
    [
      'a regression debian-6.1.1-1-cloud-amd64 debian-6.12.1-1-cloud-amd64',
      'b improvement debian-6.1.2-1-cloud-amd64 debian-6.12.1-1-cloud-amd64',
      'c change debian-6.1.2-1-cloud-amd64 debian-6.12.1-1-cloud-amd64',
    ],
  )
})

test('names of several lists come each once: the first list in its order, others behind what they followed', () => {
  assert.deepEqual(
    inOrder([
      ['a', 'c'],
      ['a', 'b', 'c', 'd'],
      ['z', 'c'],
    ]),
    ['z', 'a', 'b', 'c', 'd'],
  )
  const lists = fc.array(fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f')), { maxLength: 5 })
  fc.assert(
    fc.property(lists, (all) => {
      const order = inOrder(all)
      assert.deepEqual(order.toSorted(), [...new Set(all.flat())].toSorted())
      const first = all.find((list) => list.length > 0) ?? []
      assert.deepEqual(
        order.filter((name) => first.includes(name)),
        first,
      )
    }),
  )
})

test('the same parts in any order give the same report', () => {
  const versions = ['6.1.1', '6.12.1', '7.2.1']
  const cells = versions.flatMap((version) => ['cow', 'mremap_test'].map((program) => suiteCell(version, program, { a: 'pass' })))
  const report = buildSuiteReport(suiteParts(versions, ['cow', 'mremap_test'], cells))
  fc.assert(
    fc.property(fc.shuffledSubarray(cells, { minLength: cells.length }), (shuffled) => {
      assert.deepEqual(buildSuiteReport(suiteParts(versions.toReversed(), ['mremap_test', 'cow'], shuffled)), report)
    }),
  )
})
