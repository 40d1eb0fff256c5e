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

/** What else is known of a gap, one clause each. */
export function factsOf(gap: Gap, at: string): string[] {
  const { cve, carriedBy, claim, claimSource, patch, verified } = gap
  return [
    cve.length > 0 ? cve.join(', ') : 'no CVE',
    ageOf(gap, at),
    carriedBy.length > 0 ? `carried by ${carriedBy.join(', ')}` : 'carried by no other series here',
    `claim: ${claim} (${claimSource})`,
    ...(verified === null ? [] : [fixOf(verified)]),
    ...(patch === null ? [] : ['unavailable' in patch ? `patch: ${patch.unavailable}` : patch.summary]),
  ].map(oneLine)
}
