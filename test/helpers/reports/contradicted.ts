/** A report whose case.json a changelog contradicts, with control characters and markup in the changelog. */
import type { CaseContradiction, Report } from '#domain/report/matrix.ts'

export const SUMMARY = 'case.json says that 6.12.y has it since 6.12.29, and the changelog lists it in 6.12.31'
export const CONTRADICTION: CaseContradiction = {
  case: 'uffd-eagain-output',
  series: '6.12.y',
  kind: 'other-release',
  release: '6.12.29',
  listed: '6.12.31',
  summary: SUMMARY,
  source: 'Debian changelog: linux (6.12.31-1), ChangeLog-6.12.31, "mm: <b>1</b>\n\u001B[31m # SKIP"',
}
export const contradicted = (report: Report): Report => ({ ...report, caseContradictions: [CONTRADICTION] })
