/** Two runs compared: which kernels are held against which, and what a person reads first. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { buildReport } from '#analysis/matrix/report.ts'
import { diffOf } from '#analysis/diff/diff.ts'
import type { Control } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import { CHANGES } from '#domain/report/diff.ts'
import type { Report, ReportKernel } from '#domain/report/matrix.ts'
import { CONTROL } from '#test/helpers/races.ts'
import { cell, kernel, RUN } from '#test/helpers/reports.ts'
import { sampleCase } from '#test/helpers/judging.ts'

const CASE = sampleCase('uffd-x')

/** A report of one case on kernels of these versions. */
function report(
  verdicts: Readonly<Record<string, Verdict>>,
  more: { id?: string; image?: string; controls?: Control[] } = {},
): Report {
  const kernels = Object.keys(verdicts).map((version) => imaged(version, more.image ?? 'ab'))
  const cells = kernels.map(({ id, version }) => cell(id, CASE.id, verdicts[version]!))
  return buildReport({ run: { ...RUN, id: more.id ?? RUN.id }, kernels, cases: [CASE], controls: more.controls ?? [], cells })
}

function imaged(version: string, image: string): ReportKernel {
  const digits = version.replaceAll('.', '').padStart(8, '0')
  return { ...kernel(version), sha256: digits.repeat(4) + image.repeat(16) }
}

const idOfFile = (version: string, hash = '0123') => `file-${version}-${hash}`

/** A report of one case on kernel files of these versions. */
function ofFiles(verdicts: Readonly<Record<string, Verdict>>, hash?: string): Report {
  const kernels = Object.keys(verdicts).map((version): ReportKernel => {
    const id = idOfFile(version, hash)
    return { ...imaged(version, 'cd'), id, provider: 'file', flavour: 'custom' }
  })
  const cells = kernels.map(({ id, version }) => cell(id, CASE.id, verdicts[version]!))
  return buildReport({ run: RUN, kernels, cases: [CASE], controls: [], cells })
}

const words = (before: Report, after: Report, history: Report[] = []) =>
  diffOf(before, after, history).entries.map(({ change, version }) => `${change} ${version}`)

describe('kernels', () => {
  test('the same kernels: what did not change is counted alone', () => {
    const diff = diffOf(report({ '6.1.1': 'carries', '6.1.2': 'lacks' }), report({ '6.1.1': 'carries', '6.1.2': 'lacks' }))
    assert.deepEqual(diff.entries, [])
    assert.equal(diff.counts.same, 2)
  })

  test('a new kernel that lacks what its predecessor carries regressed', () => {
    const [before, after] = [report({ '6.1.1': 'lacks', '6.1.9': 'carries' }), report({ '6.1.10': 'lacks' })]
    const [first] = diffOf(before, after).entries
    assert.equal(first?.change, 'regressed')
    assert.equal(first?.before?.kernel, kernel('6.1.9').id)
    assert.match(first?.summary ?? '', /^carries \(6\.1\.9-1\) before, lacks now/)
  })

  test('a new kernel that answers as its predecessor, or is of another series, appeared', () => {
    assert.deepEqual(words(report({ '6.1.9': 'carries' }), report({ '6.1.9': 'carries', '6.1.10': 'carries' })), [
      'appeared 6.1.10',
    ])
    assert.deepEqual(words(report({ '6.1.9': 'carries' }), report({ '6.1.9': 'carries', '6.12.1': 'lacks' })), [
      'appeared 6.12.1',
    ])
  })

  test('the one new kernel of a version replaces the one that is gone', () => {
    const diff = diffOf(report({ '6.1.9': 'carries' }), ofFiles({ '6.1.9': 'lacks' }))
    assert.deepEqual(diff.counts, { ...zeros(), regressed: 1 })
    assert.deepEqual(diff.kernels, { appeared: [idOfFile('6.1.9')], gone: [kernel('6.1.9').id] })
  })

  test('a file replaces the one file of its series that is gone, whatever its version', () => {
    const older = words(ofFiles({ '6.1.9': 'carries', '6.12.1': 'lacks' }), ofFiles({ '6.1.4': 'lacks', '6.12.1': 'lacks' }))
    assert.deepEqual(older, ['regressed 6.1.4'])
    const newer = words(ofFiles({ '6.1.9': 'carries' }), ofFiles({ '6.1.10': 'carries' }))
    assert.deepEqual(newer, [], 'as before, and neither is new or gone')
    const both = words(ofFiles({ '6.1.9': 'carries', '6.12.9': 'lacks' }), ofFiles({ '6.1.4': 'lacks', '6.12.4': 'carries' }))
    assert.deepEqual(both, ['regressed 6.1.4', 'fixed 6.12.4'])
  })

  test('a file of the version that is gone is taken before another one of the series', () => {
    const before = ofFiles({ '6.1.9': 'carries', '6.1.4': 'lacks' })
    const after = ofFiles({ '6.1.9': 'carries', '6.1.7': 'carries' }, '4567')
    assert.deepEqual(words(before, after), ['fixed 6.1.7'])
  })

  test('what could stand in for two files, or comes from elsewhere, replaces none', () => {
    const two = ofFiles({ '6.1.4': 'carries', '6.1.3': 'carries' })
    assert.deepEqual(words(ofFiles({ '6.1.9': 'carries' }), two), ['gone 6.1.9', 'appeared 6.1.3', 'appeared 6.1.4'])
    assert.deepEqual(words(two, ofFiles({ '6.1.1': 'lacks' })), ['gone 6.1.3', 'gone 6.1.4', 'appeared 6.1.1'])
    assert.deepEqual(words(ofFiles({ '6.12.9': 'carries' }), ofFiles({ '6.1.4': 'lacks' })), ['gone 6.12.9', 'appeared 6.1.4'])
    assert.deepEqual(words(report({ '6.1.9': 'carries' }), report({ '6.1.4': 'lacks' })), ['gone 6.1.9', 'appeared 6.1.4'])
  })

  test('a control kernel is nobody to be compared with', () => {
    const control = { ...CONTROL, kernel: kernel('6.1.10').id, case: CASE.id }
    const after = report({ '6.1.9': 'carries', '6.1.10': 'lacks' }, { controls: [control] })
    assert.deepEqual(words(report({ '6.1.9': 'carries' }), after), ['appeared 6.1.10'])
  })
})

describe('flakes', () => {
  const [was, is] = [report({ '6.1.9': 'carries' }), report({ '6.1.9': 'lacks' }, { image: 'cd' })]

  test('both answers of one image are a flake', () => {
    assert.deepEqual(words(was, report({ '6.1.9': 'lacks' })), ['flaky 6.1.9'])
  })

  test('so are they when an earlier run had the other answer of the image', () => {
    assert.deepEqual(words(was, is), ['regressed 6.1.9'])
    assert.deepEqual(words(was, is, [report({ '6.1.9': 'carries' }, { image: 'cd' })]), ['flaky 6.1.9'])
    assert.deepEqual(words(was, is, [report({ '6.1.9': 'lacks' }, { image: 'cd' })]), ['regressed 6.1.9'])
  })
})

function zeros() {
  return Object.fromEntries(CHANGES.map((word) => [word, 0]))
}

test('property: every result of either run has one word, and the most urgent come first', () => {
  const verdict = fc.constantFrom<Verdict>('carries', 'lacks', 'inconclusive', 'not-applicable', 'error', 'no-result')
  const some = fc.dictionary(fc.constantFrom('6.1.1', '6.1.2', '6.12.1', '6.12.7'), verdict, { minKeys: 1 })
  fc.assert(
    fc.property(some, some, (one, other) => {
      const diff = diffOf(report({ ...one }), report({ ...other }))
      const versions = new Set([...Object.keys(one), ...Object.keys(other)])
      assert.equal(
        Object.values(diff.counts).reduce((sum, count) => sum + count, 0),
        versions.size,
      )
      const ranks = diff.entries.map(({ change }) => CHANGES.indexOf(change))
      assert.deepEqual(
        ranks,
        ranks.toSorted((a, b) => a - b),
      )
      assert.equal(diff.entries.length, versions.size - diff.counts.same)
    }),
    { numRuns: 50 },
  )
})
