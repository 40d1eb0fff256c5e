/** The words that every rendering of gaps shares. */
import type { Gap, GapFix, GapKernel } from '#domain/report/gaps.ts'
import { many } from '#domain/numbers.ts'
import { oneLine } from '../text/format.ts'

const DAY_MS = 86_400_000

/** `2 gaps, by 34 of 37 fixes; debian-6.1.192-3-cloud-amd64 is newer and was not tested`. */
export function standingOf({ lacks, answers, cases, newer }: GapKernel): string {
  const asked = `${lacks === 0 ? 'no gap' : many(lacks, 'gap')}, by ${answers} of ${cases} fixes that were asked`
  return oneLine(newer === null ? asked : `${asked}; ${newer} is newer and was not tested`)
}

/** How long mainline has had the fix at a time (ISO 8601): `since 6.13, 1.9 years`. */
export function ageOf({ mainline, mainlineDate }: Gap, at: string): string {
  if (mainline === null) return 'mainline: not known, or never merged'
  if (mainlineDate === null) return `mainline since ${mainline}`
  const days = Math.max(0, Math.floor((Date.parse(at) - Date.parse(mainlineDate)) / DAY_MS))
  return `mainline since ${mainline}, ${days < 365 ? many(days, 'day') : `${(days / 365.25).toFixed(1)} years`}`
}

/** `fixed by ksm-soft-dirty on linux-source-5.10 5.10.262-1 (verified in run 2026-11-02-1)`. */
export function fixOf({ patch, base, run }: GapFix): string {
  return `fixed by ${patch} on ${base} (verified in run ${run})`
}

/** The CVEs of a gap, with the severity of each where a source was asked. */
export function cveOf(gap: Gap): string {
  const severity = severityOf(gap)
  if (severity !== null) return `severity of ${severity}`
  return gap.cve.length > 0 ? gap.cve.map(oneLine).join(', ') : 'no CVE'
}

/** `CVE-2026-1: high 7.8 (CVSS 3.1 by CISA-ADP)`; null where no source was asked, or there is no CVE to ask it about. */
export function severityOf({ cve, severity }: Pick<Gap, 'cve' | 'severity'>): string | null {
  if (severity === null || cve.length === 0) return null
  const told = new Map(severity.map((one) => [one.cve, one]))
  const words = cve.map((id) => {
    const one = told.get(id)
    if (!one) return `${id}: none known`
    return `${id}: ${[one.level, one.score?.toFixed(1)].filter(Boolean).join(' ')} (${one.source})`
  })
  return oneLine(words.join(', '))
}

/** What else is known of a gap, one clause each. */
export function factsOf(gap: Gap, at: string): string[] {
  const { carriedBy, claim, claimSource, patch, verified } = gap
  return [
    cveOf(gap),
    ageOf(gap, at),
    carriedBy.length > 0 ? `carried by ${carriedBy.join(', ')}` : 'carried by no other series here',
    `claim: ${claim} (${claimSource})`,
    ...(verified === null ? [] : [fixOf(verified)]),
    ...(patch === null ? [] : ['unavailable' in patch ? `patch: ${patch.unavailable}` : patch.summary]),
  ].map(oneLine)
}
