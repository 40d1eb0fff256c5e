/** A gap of which nothing is known. */
import type { Gap } from '#domain/report/gaps.ts'

export const GAP: Gap = {
  series: '6.1.y',
  kernel: 'k',
  version: '6.1.1',
  case: 'c',
  title: 't',
  commits: [],
  cve: [],
  severity: null,
  mainline: null,
  mainlineDate: null,
  carriedBy: [],
  claim: 'unknown',
  claimSource: '',
  summary: '',
  patch: null,
  verified: null,
}
