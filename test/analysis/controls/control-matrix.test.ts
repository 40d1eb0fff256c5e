import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { controlsThatHold, controlMatrixOf, type MatrixCheck } from '#analysis/controls/control-matrix.ts'
import type { Verdict } from '#domain/judgement.ts'
import { matrixControls, controlMatrixReport, type Changes } from '#test/helpers/reports/control-matrices.ts'

const matrix = (changes: Changes = {}) => controlMatrixOf(controlMatrixReport(changes), matrixControls)

/** Standings of a row by case. */
function standings(changes: Changes, fix: string): Record<string, MatrixCheck> {
  const row = matrix(changes).series[0]?.rows.find(({ control }) => (control?.fix ?? 'base') === fix)
  return Object.fromEntries(row?.cells.map((cell) => [cell.case, cell.check]) ?? [])
}

/** Kernel, case and blame of each failure. */
function failures(changes: Changes): string[][] {
  return matrix(changes).failures.map((failure) => [failure.kernel, failure.case, failure.blame])
}

test('a control matrix that is as required holds, the base first and each control under it', () => {
  const { holds, failures: none, series, cases } = matrix()
  assert.deepEqual(none, [])
  assert.ok(holds)
  assert.deepEqual(cases, ['event', 'layout', 'pages', 'race'])
  const rows = series.map(({ name, version, rows: own }) => [name, version, own.map(({ control }) => control?.fix ?? 'base')])
  assert.deepEqual(rows, [['5.10', '5.10.262', ['base', 'no-event', 'no-layout', 'no-seqcount', 'posted-pages']]])
  assert.deepEqual(standings({}, 'base'), { event: 'base', layout: 'base', pages: 'base', race: 'base' })
  const noEvent = { event: 'own-holds', layout: 'blinded', pages: 'unchanged', race: 'unchanged' }
  assert.deepEqual(standings({}, 'no-event'), noEvent)
  const postedPages = { event: 'unchanged', layout: 'unchanged', pages: 'own-holds', race: 'unchanged' }
  assert.deepEqual(standings({}, 'posted-pages'), postedPages)
  const holding = controlsThatHold(matrix()).map(({ fix }) => fix)
  assert.deepEqual(holding, ['no-event', 'no-layout', 'no-seqcount', 'posted-pages'])
})

test('a bad control that does not reproduce is named, with what was seen and where the evidence is, and does not hold', () => {
  const changes: Changes = { 'no-seqcount/race': ['inconclusive', { hits: 0, trials: 900 }] }
  assert.equal(standings(changes, 'no-seqcount')['race'], 'own-fails')
  assert.ok(!controlsThatHold(matrix(changes)).some(({ fix }) => fix === 'no-seqcount'))
  const [failure] = matrix(changes).failures
  assert.equal(
    failure?.text,
    'no-seqcount on 5.10, race: expected lacks, saw inconclusive (0 hits in 900 trials). A control that does not reproduce is ' +
      'an error of kwitness: no verdict uses its rate; kwitness explain k-no-seqcount/race shows the evidence',
  )
  assert.equal(failure?.blame, 'control')
})

test('another case of the fix that a control lacks must show it too', () => {
  const withSibling = (verdict: Verdict) => {
    const report = controlMatrixReport({})
    const cases = report.cases.flatMap((one) => {
      const fixes = one.fixes.map((fix) => ({ ...fix, commit: 'no-layout-and-more' }))
      return one.id === 'layout' ? [one, { ...one, id: 'sibling', fixes }] : one
    })
    const cells = report.cells.flatMap((one) => {
      if (one.case !== 'layout') return one
      return [one, { ...one, case: 'sibling', ...(one.kernel === 'k-no-layout' ? { verdict } : {}) }]
    })
    return controlMatrixOf({ ...report, cases, cells }, matrixControls)
  }
  const checkOf = (verdict: Verdict) =>
    withSibling(verdict)
      .series[0]?.rows.find(({ control }) => control?.fix === 'no-layout')
      ?.cells.find((cell) => cell.case === 'sibling')?.check
  assert.equal(checkOf('lacks'), 'own-holds')
  assert.equal(checkOf('carries'), 'own-fails')
})

test('a good control that reproduces is named', () => {
  assert.deepEqual(failures({ 'posted-pages/pages': ['lacks'] }), [['k-posted-pages', 'pages', 'control']])
  assert.equal(standings({ 'posted-pages/pages': ['lacks'] }, 'posted-pages')['pages'], 'own-fails')
})

test('a race that is tried both ways must show the bug both ways, and a disagreement counts for no rate', () => {
  const bothWays = (scheduled: Verdict) => {
    const report = controlMatrixReport({})
    const id = 'race.interleavings'
    const cases = report.cases.flatMap((one) => (one.id === 'race' ? [one, { ...one, id, oracle: 'schedule' as const }] : one))
    const cells = report.cells.flatMap((one) => {
      if (one.case !== 'race') return one
      const verdict = one.kernel === 'k-no-seqcount' ? scheduled : 'carries'
      return [one, { ...one, case: id, verdict, race: null }]
    })
    return controlMatrixOf({ ...report, cases, cells }, matrixControls)
  }
  assert.deepEqual(bothWays('lacks').failures, [])
  for (const verdict of ['carries', 'inconclusive'] satisfies Verdict[]) {
    const told = bothWays(verdict)
    assert.deepEqual(
      told.failures.map(({ kernel, case: id, blame }) => [kernel, id, blame]),
      [['k-no-seqcount', 'race.interleavings', 'control']],
    )
    assert.ok(!controlsThatHold(told).some(({ fix }) => fix === 'no-seqcount'))
  }
})

for (const verdict of ['carries', 'inconclusive', 'not-applicable', 'error'] satisfies Verdict[]) {
  test(`a bad control that says ${verdict} in its own case fails`, () => {
    assert.deepEqual(failures({ 'no-layout/layout': [verdict] }), [['k-no-layout', 'layout', 'control']])
  })
}

test('a neighbour that answers other than the base is changed, whichever way', () => {
  for (const verdict of ['lacks', 'not-applicable', 'error'] satisfies Verdict[]) {
    assert.equal(standings({ 'no-layout/event': [verdict] }, 'no-layout')['event'], 'changed', verdict)
  }
  assert.deepEqual(failures({ 'no-layout/pages': ['carries'] }), [['k-no-layout', 'pages', 'control']])
  const [failure] = matrix({ 'no-layout/event': ['error'] }).failures
  const told = /^no-layout on 5\.10, event: expected carries as on the base, saw error\. The patch does more than it says/
  assert.match(failure?.text ?? '', told)
})

test('a race that was not seen is the same as on the base, however often each was tried', () => {
  const cell = (verdict: Verdict) => standings({ 'no-layout/race': [verdict] }, 'no-layout')['race']
  assert.equal(cell('carries'), 'unchanged')
  assert.equal(cell('inconclusive'), 'unchanged')
  assert.equal(cell('lacks'), 'changed')
  assert.equal(cell('not-applicable'), 'changed')
  assert.equal(cell('error'), 'changed')
  assert.equal(standings({ 'base/race': ['carries'] }, 'no-layout')['race'], 'unchanged')
  assert.equal(standings({ 'base/race': ['not-applicable'] }, 'no-layout')['race'], 'changed')
  const neither: Changes = { 'base/race': ['not-applicable'], 'no-layout/race': ['not-applicable'] }
  assert.equal(standings(neither, 'no-layout')['race'], 'unchanged')
})

test('a case that a control blinds must be not applicable there, not just different', () => {
  for (const verdict of ['carries', 'lacks', 'error'] satisfies Verdict[]) {
    assert.deepEqual(failures({ 'no-event/layout': [verdict] }), [['k-no-event', 'layout', 'control']], verdict)
  }
})

test('a cell without an answer is the fault of the machine, and asks for another run', () => {
  const changes: Changes = { 'no-layout/layout': ['no-result'], 'no-event/pages': ['no-result'] }
  assert.deepEqual(failures(changes), [
    ['k-no-event', 'pages', 'machine'],
    ['k-no-layout', 'layout', 'machine'],
  ])
  assert.equal(standings(changes, 'no-layout')['layout'], 'no-answer')
})

test('where the base has no answer, nothing is held against it, and it is told once', () => {
  const changes: Changes = { 'base/event': ['no-result'] }
  assert.deepEqual(failures(changes), [['k-base', 'event', 'machine']])
  assert.equal(standings(changes, 'no-layout')['event'], 'no-answer')
  assert.equal(standings(changes, 'no-event')['event'], 'own-holds')
})

test('a base that already shows what a control must show leaves the control with nothing to show', () => {
  const natural: Changes = { 'base/layout': ['lacks'], 'no-seqcount/layout': ['lacks'], 'posted-pages/layout': ['lacks'] }
  assert.deepEqual(failures(natural), [['k-base', 'layout', 'control']])
  const mended: Changes = { 'base/pages': ['carries'], 'no-event/pages': ['carries'], 'no-layout/pages': ['carries'] }
  assert.deepEqual(failures({ ...mended, 'no-seqcount/pages': ['carries'] }), [['k-base', 'pages', 'control']])
})

test('a base on which a case is broken is told', () => {
  const rows = ['base', 'no-event', 'no-layout', 'posted-pages']
  const broken: Changes = Object.fromEntries(rows.map((row) => [`${row}/race`, ['error'] as const]))
  assert.deepEqual(failures(broken), [['k-base', 'race', 'control']])
})

test('controls whose kernels are not in the report are left out', () => {
  const report = controlMatrixReport({})
  const [first] = matrixControls
  assert.ok(first)
  const { series } = controlMatrixOf(report, [first, { ...first, series: '6.1', kernel: 'elsewhere', base: 'nowhere' }])
  assert.deepEqual(
    series.map(({ name }) => name),
    ['5.10'],
  )
})

test('it holds exactly when no cell is out of place', () => {
  const verdict = fc.constantFrom<Verdict>('carries', 'lacks', 'inconclusive', 'not-applicable', 'error', 'no-result')
  const rows = ['base', 'no-event', 'no-layout', 'no-seqcount', 'posted-pages']
  const cells = rows.flatMap((row) => ['event', 'layout', 'pages', 'race'].map((theCase) => `${row}/${theCase}`))
  const changes = fc.dictionary(fc.constantFrom(...cells), fc.tuple(verdict))
  fc.assert(
    fc.property(changes, (some) => {
      const { holds, series } = matrix(some)
      const wrong: readonly MatrixCheck[] = ['own-fails', 'changed', 'no-answer']
      const cellsOf = series.flatMap((line) => line.rows.flatMap((row) => row.cells))
      if (holds) assert.ok(!cellsOf.some(({ check }) => wrong.includes(check)))
      if (cellsOf.some(({ check }) => wrong.includes(check))) assert.ok(!holds)
    }),
  )
})
