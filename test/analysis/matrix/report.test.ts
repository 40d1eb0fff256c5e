/** The Report: in order whatever the order of its parts, and never of cells that don't fit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { headlinesOf } from '#analysis/matrix/headline.ts'
import { compareKernels } from '#analysis/matrix/matrix.ts'
import { type ReportInputs, buildReport } from '#analysis/matrix/report.ts'
import { cell, kernel, smallReport } from '#test/helpers/reports.ts'
import { sampleCase } from '#test/helpers/judging.ts'

const { run } = smallReport()

const PARTS: ReportInputs = {
  run,
  controls: [],
  kernels: ['5.10.218', '6.1.9', '6.1.10', '7.3~rc7', '7.3'].map((version) => kernel(version)),
  cases: ['b-case', 'a-case'].map((id) =>
    sampleCase(id, { claim: { mainline: '6.1', stable: {}, subjects: [], source: 'git' } }),
  ),
  cells: ['5.10.218', '6.1.9', '6.1.10', '7.3~rc7', '7.3'].flatMap((version) => [
    cell(kernel(version).id, 'a-case', version.startsWith('5') ? 'lacks' : 'carries'),
    cell(kernel(version).id, 'b-case', version === '6.1.10' ? 'carries' : 'lacks'),
  ]),
}

test('kernels are in series and version order, cases by id, cells kernels first', () => {
  const report = buildReport(PARTS)
  assert.deepEqual(
    report.kernels.map(({ version }) => version),
    ['5.10.218', '6.1.9', '6.1.10', '7.3~rc7', '7.3'],
  )
  assert.deepEqual(
    report.cases.map(({ id }) => id),
    ['a-case', 'b-case'],
  )
  assert.deepEqual(
    report.cells.slice(0, 3).map((each) => `${each.kernel} ${each.case}`),
    ['debian-5.10.218-1-cloud-amd64 a-case', 'debian-5.10.218-1-cloud-amd64 b-case', 'debian-6.1.9-1-cloud-amd64 a-case'],
  )
})

test('claims, findings and counts are filled in, and no folder of this machine is left', () => {
  const report = buildReport(PARTS)
  const old = report.cells.find((each) => each.kernel.includes('6.1.9') && each.case === 'b-case')
  assert.deepEqual(
    [old?.claim, old?.claimSource, old?.finding],
    ['listed', 'in mainline since 6.1 (git)', 'listed-still-affected'],
  )
  assert.deepEqual(report.counts, { carries: 5, lacks: 5, inconclusive: 0, 'not-applicable': 0, error: 0, 'no-result': 0 })
  assert.doesNotMatch(JSON.stringify(report), /nowhere/)
})

test('of a control its own case is claimed by how it was made, the others by the claim sources, and it marks no boundary', () => {
  const about = { base: 'x', series: '6.1', fix: '0123456789ab', case: 'b-case', blinds: [], summary: 'taken out of x' }
  const bad = { ...about, kernel: kernel('6.1.9').id, kind: 'bad' as const }
  const good = { ...about, kernel: kernel('6.1.10').id, kind: 'good' as const }
  const report = buildReport({ ...PARTS, controls: [bad, good] })
  const found = (version: string, id: string) => {
    const one = report.cells.find((each) => each.kernel === kernel(version).id && each.case === id)
    return [one?.claim, one?.claimSource, one?.finding]
  }
  assert.deepEqual(found('6.1.9', 'b-case'), ['not-listed', 'taken out of x', 'agrees'])
  assert.deepEqual(found('6.1.10', 'b-case'), ['listed', 'taken out of x', 'agrees'])
  assert.deepEqual(found('6.1.9', 'a-case'), ['listed', 'in mainline since 6.1 (git)', 'agrees'])
  assert.equal(buildReport(PARTS).boundaries.length, 1)
  assert.deepEqual(report.boundaries, [])
})

test('property: the order of the parts does not show', () => {
  const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length })
  const wanted = JSON.stringify(buildReport(PARTS))
  const parts = fc.record({ kernels: shuffled(PARTS.kernels), cases: shuffled(PARTS.cases), cells: shuffled(PARTS.cells) })
  fc.assert(
    fc.property(parts, (mixed) => {
      assert.equal(JSON.stringify(buildReport({ run, controls: [], ...mixed })), wanted)
    }),
  )
})

test('a cell of no kernel, or there twice, is our own mistake', () => {
  const stray = cell('debian-1-1-none', 'a-case', 'lacks')
  const first = PARTS.cells[0]
  assert.ok(first)
  assert.throws(() => buildReport({ ...PARTS, cells: [stray] }), { name: 'InvariantError', message: /debian-1-1-none/ })
  assert.throws(() => buildReport({ ...PARTS, cells: [first, first] }), { name: 'InvariantError', message: /twice/ })
})

test('builds of one version are ordered by their numbers, then by id', () => {
  const builds = ['6.1.1-10', '6.1.1-9', '6.1.1-9+b1'].map((build) => kernel('6.1.1', build))
  assert.deepEqual(
    builds.toSorted(compareKernels).map(({ build }) => build),
    ['6.1.1-9', '6.1.1-9+b1', '6.1.1-10'],
  )
})

test('headlines gather cells by case and series in version order', () => {
  const headlines = headlinesOf(buildReport(PARTS), ({ verdict }) => verdict === 'lacks')
  assert.deepEqual(
    headlines.map((each) => [each.case, each.series, each.cells.length]),
    [
      ['a-case', '5.10.y', 1],
      ['b-case', '5.10.y', 1],
      ['b-case', '6.1.y', 1],
      ['b-case', '7.3.y', 2],
    ],
  )
})
