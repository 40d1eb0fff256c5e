/** Gaps: the newest kernel of each supported series, the oldest fixes first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gapsOf } from '#analysis/gaps.ts'
import type { Verdict } from '#domain/judgement.ts'
import { ageOf, standingOf } from '#render/gaps/phrases.ts'
import { renderGapsMarkdown, renderGapsText } from '#render/gaps/text.ts'
import { sampleCase } from '#test/helpers/judging.ts'
import { kernel as kernelOf } from '#test/helpers/reports.ts'
import { reportOf } from '#test/helpers/reports/nights.ts'

/** Versions with what each says of three cases. */
const ROWS: Readonly<Record<string, string>> = {
  '5.10.218': 'lll',
  '5.10.262': 'lcl',
  '6.1.192': 'clc',
  '6.12.118': 'ccc',
}

function sample() {
  const base = reportOf(1, ['cc', 'cc'])
  const kernels = Object.keys(ROWS).map((version) => ({ ...kernelOf(version), release: null, sha256: null }))
  const ids = ['old', 'new', 'unmerged']
  const cases = ids.map((id) => ({ ...base.cases[0]!, id, title: `title of ${id}` }))
  const cells = kernels.flatMap(({ id: kernel, version }) =>
    ids.map((id, at) => {
      const verdict: Verdict = ROWS[version]?.[at] === 'l' ? 'lacks' : 'carries'
      return { ...base.cells[0]!, kernel, case: id, verdict }
    }),
  )
  const mainlines = ['5.15', '6.13', null]
  const claims = ids.map((id, at) => ({ id, claim: { ...sampleCase('x').claim, mainline: mainlines[at] ?? null } }))
  return { report: { ...base, kernels, cases, cells }, claims }
}

test('the newest kernel of each series alone is asked, and what mainline has had longest comes first', () => {
  const { report, claims } = sample()
  const { gaps, kernels } = gapsOf(report, { cases: claims, listing: null })
  assert.deepEqual(
    gaps.map(({ version, case: id, carriedBy }) => `${version} ${id}: ${carriedBy.join(' ')}`),
    ['5.10.262 old: 6.1.y 6.12.y', '5.10.262 unmerged: 6.1.y 6.12.y', '6.1.192 new: 5.10.y 6.12.y'],
  )
  assert.deepEqual(
    kernels.map(({ version, lacks }) => [version, lacks]),
    [
      ['5.10.262', 2],
      ['6.1.192', 1],
      ['6.12.118', 0],
    ],
  )
})

test('a series that left the mirror is not supported, unless it is named', () => {
  const { report, claims } = sample()
  const listing = report.kernels.map(({ release: _, sha256: _sha, ...kernel }) => ({
    ...kernel,
    notOnMirror: kernel.series === '5.10.y',
  }))
  const seriesOf = (series?: readonly string[]) =>
    gapsOf(report, { cases: claims, listing, series }).kernels.map((kernel) => kernel.series)
  assert.deepEqual(seriesOf(), ['6.1.y', '6.12.y'])
  assert.deepEqual(seriesOf(['5.10.y']), ['5.10.y'])
})

test('it is said how much was asked, and of a newer kernel that was not', () => {
  const { report, claims } = sample()
  const listing = report.kernels.map(({ release: _, sha256: _sha, ...kernel }) => ({ ...kernel, notOnMirror: false }))
  const cells = report.cells.map((cell) => (cell.case === 'new' ? { ...cell, verdict: 'inconclusive' as const } : cell))
  const tested = { ...report, kernels: report.kernels.filter(({ version }) => version !== '5.10.262'), cells }
  const [old, ...others] = gapsOf(tested, { cases: claims, listing }).kernels
  assert.deepEqual([old?.version, old?.answers, old?.cases], ['5.10.218', 2, 3])
  assert.equal(old?.newer, report.kernels.find(({ version }) => version === '5.10.262')?.id)
  assert.deepEqual(
    others.map(({ newer }) => newer),
    [null, null],
  )
  assert.match(standingOf(old!), /^2 gaps, by 2 of 3 fixes that were asked; debian-5\.10\.262-\S+ is newer and was not tested$/)
})

test('how long mainline has had a fix', () => {
  const { report, claims } = sample()
  const [old, unmerged] = gapsOf(report, { cases: claims, listing: null }).gaps
  assert.equal(ageOf(old!, '2025-10-31T12:00:00Z'), 'mainline since 5.15, 4.0 years')
  assert.equal(ageOf(old!, '2021-11-10T12:00:00Z'), 'mainline since 5.15, 10 days')
  assert.equal(ageOf(unmerged!, '2025-10-31T12:00:00Z'), 'mainline: not known, or never merged')
  assert.equal(ageOf({ ...old!, mainline: '9.9', mainlineDate: null }, '2025-10-31T12:00:00Z'), 'mainline since 9.9')
})

test('as text and as Markdown, hostile texts stay on their line', () => {
  const { report, claims } = sample()
  const evil = { ...report, cases: report.cases.map((one) => ({ ...one, title: 'a\n| b `c` <d>' })) }
  const gaps = gapsOf(evil, { cases: claims, listing: null })
  assert.match(
    renderGapsText(gaps),
    /^5\.10\.y {2}debian-5\.10\.262\S*: 2 gaps, by 3 of 3 fixes that were asked\n {2}old: a \| b `c` <d>\n {4}/m,
  )
  assert.match(renderGapsText(gaps), /6\.12\.y .*: no gap, by 3 of 3 fixes that were asked\n/)
  assert.match(renderGapsMarkdown(gaps), /\| old \| a \\\| b \\`c\\` \\<d\\> \|/)
})
