/** Nights made by hand: reports in which chosen results differ, and the nights of them. */
import { diffNights } from '#analysis/diff/nights.ts'
import { nightOf } from '#analysis/night.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Report } from '#domain/report/matrix.ts'
import type { Night } from '#domain/report/night.ts'
import { attempt } from '../reports.ts'
import { smallReport } from '../reports.ts'

/** A report of run `2026-11-0N-1` with two kernels and two cases: verdicts as letters by kernel; `u` is unfinished. */
export function reportOf(number: number, rows: readonly [string, string], images = 'a'): Report {
  const small = smallReport()
  const kernels = small.kernels.slice(0, 2).map((kernel, at) => ({ ...kernel, sha256: `${images}${at}`.padEnd(64, '0') }))
  const cases = small.cases.slice(0, 2)
  const sample = small.cells[0]!
  const cells = kernels.flatMap((kernel, row) =>
    cases.map((theCase, column) => {
      const letter = rows[row]?.[column] ?? 'c'
      const verdict = VERDICTS[letter] ?? 'no-result'
      const attempts = letter === 'u' || letter === 'r' ? [] : [attempt(`${kernel.id}.${theCase.id}.1`, verdict)]
      const about = { kernel: kernel.id, case: theCase.id, verdict, attempts }
      return { ...sample, claim: 'unknown' as const, finding: 'not-comparable' as const, summary: verdict, ...about }
    }),
  )
  const counts = Object.fromEntries(
    Object.values(VERDICTS).map((verdict) => [verdict, cells.filter((cell) => cell.verdict === verdict).length]),
  )
  const startedAt = `2026-11-${String(number).padStart(2, '0')}T02:00:00.000Z`
  return {
    ...small,
    run: { ...small.run, id: `2026-11-${String(number).padStart(2, '0')}-1`, startedAt },
    kernels,
    cases,
    cells,
    controls: [],
    counts: { ...small.counts, ...counts },
  }
}

const VERDICTS: Readonly<Record<string, Verdict>> = {
  c: 'carries',
  l: 'lacks',
  i: 'inconclusive',
  n: 'not-applicable',
  e: 'error',
  r: 'no-result',
}

/** Nights of reports, each compared with those before it. */
export function nightsOf(reports: readonly Report[], problems: readonly string[] = []): Night[] {
  return reports.map((report, at) => {
    const before = reports.slice(0, at).toReversed()
    const diff = diffNights(before, report, { failed: new Set(), history: [] })
    return nightOf(report, {
      key: report.run.id,
      endedAt: report.run.startedAt.replace('02:', '04:'),
      diff,
      problems,
      failed: new Set(),
    })
  })
}
