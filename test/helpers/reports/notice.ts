/** Notices, of hostile texts too. */
import { diffOf } from '#analysis/diff/diff.ts'
import type { RunDiff } from '#domain/report/diff.ts'
import type { Notice } from '#domain/report/notice.ts'
import { smallReport } from '../reports.ts'

/** Texts that break what does not escape them: headers, markup of every receiver, control characters. */
export const EVIL =
  'x\r\nBcc: victim@example.org\r\n\r\n<script>alert(1)</script> <@U123> <!channel> & *b* `c` [l](http://e) \u202e\u0000é 日本'

/** A comparison in which the first result of the small report regressed, with this title. */
export function regression(title = 'a title'): RunDiff {
  const after = smallReport()
  const index = after.cells.findIndex(({ verdict }) => verdict === 'lacks')
  const imagesOf = (digit: string) => after.kernels.map((kernel, at) => ({ ...kernel, sha256: `${at}`.padStart(64, digit) }))
  const before = {
    ...after,
    kernels: imagesOf('d'),
    cells: after.cells.map((cell, at) => (at === index ? { ...cell, verdict: 'carries' as const } : cell)),
  }
  const cases = after.cases.map((one) => (one.id === after.cells[index]?.case ? { ...one, title } : one))
  return diffOf(before, { ...after, kernels: imagesOf('c'), cases })
}

export function notice(changes: Partial<Notice> = {}): Notice {
  return {
    schema: 'kwitness.notice/1',
    key: 'nightly-2026-11-02-1',
    name: 'nightly',
    at: '2026-11-02T05:00:00.000Z',
    failure: null,
    run: { id: '2026-11-02-1', startedAt: '2026-11-02T03:04:05.000Z', unfinished: 0 },
    counts: smallReport().counts,
    diff: regression(),
    problems: [],
    url: 'https://ci.example.org/kwitness/2026-11-02-1/index.html',
    ...changes,
  }
}
