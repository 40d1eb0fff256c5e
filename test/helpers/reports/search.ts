/** The report of a search: of a listing few kernels were asked, and each series ended in another way. */
import { type JudgedCell, buildReport } from '#analysis/matrix/report.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Report } from '#domain/report/matrix.ts'
import { sampleCase } from '../judging.ts'
import { cell, HOSTILE, kernel, smallReport } from '../reports.ts'

/** What the asked kernels of each series said. */
const ASKED: Readonly<Record<string, Verdict>> = {
  '5.10.1': 'not-applicable',
  '5.10.5': 'not-applicable',
  '5.10.9': 'not-applicable',
  '6.1.1': 'lacks',
  '6.1.5': 'error',
  '6.1.6': 'carries',
  '6.1.9': 'carries',
  '6.12.1': 'carries',
  '6.12.4': 'carries',
  '6.12.5': 'lacks',
  '6.12.7': 'lacks',
  '6.12.8': 'carries',
  '6.12.9': 'carries',
  '7.2.1': 'carries',
  '7.2.5': 'carries',
  '7.2.9': 'carries',
}

/** One case searched in four series of nine kernels. */
export function searchReport(): Report {
  const patches = Array.from({ length: 9 }, (_, index) => index + 1)
  const versions = ['5.10', '6.1', '6.12', '7.2'].flatMap((line) => patches.map((patch) => `${line}.${patch}`))
  const listing = versions
    .map((version) => kernel(version))
    .map(({ release: _release, sha256: _sha256, ...one }) => ({ ...one, notOnMirror: one.version === '6.12.6' }))
  const kernels = Object.keys(ASKED).map((version) => kernel(version))
  const cells = kernels.map(({ id, version }): JudgedCell => {
    const hostile = version === '6.1.6' ? { summary: HOSTILE } : {}
    return cell(id, 'one', ASKED[version] ?? 'no-result', hostile)
  })
  const run = { ...smallReport().run, id: 'search-1' }
  return buildReport({ run, kernels, cases: [sampleCase('one')], controls: [], cells, listing })
}
