/** Claims: what the paperwork says about a kernel and a fix, and how it stands against the verdict. */
import type { Case } from '../domain/case.ts'
import type { Claim, Finding, Verdict } from '../domain/judgement.ts'
import type { Kernel } from '../domain/kernel.ts'
import { compareSeries, compareVersions, parseVersion, seriesOf } from '../domain/version.ts'

export interface CellClaim {
  readonly claim: Claim
  /** What was compared with what, and where it is written. */
  readonly source: string
}

/**
 * The claim that a case's own paperwork makes about a kernel.
 * A stable entry decides inside its series. Else the release decides: a later series inherits what mainline has, an older one
 * without an entry never got it. `unknown` is said where the paperwork cannot speak: a fix never merged, a kernel older than what
 * the case is about, a release candidate of the very release, a version that cannot be ordered.
 */
export function claimOf(kernel: Kernel, theCase: Pick<Case, 'claim' | 'introduced'>): CellClaim {
  const { stable, mainline, source } = theCase.claim
  const say = (claim: Claim, why: string): CellClaim => ({ claim, source: `${why} (${source})` })

  if (!parseVersion(kernel.version)) return say('unknown', `version ${kernel.version} cannot be ordered`)
  const first = stable[kernel.series]
  if (first !== undefined) {
    return say(compareVersions(kernel.version, first) >= 0 ? 'carried' : 'missing', `in ${kernel.series} since ${first}`)
  }
  if (mainline === null) return say('unknown', 'never merged')
  if (!parseVersion(mainline)) return say('unknown', `mainline release ${mainline} cannot be ordered`)
  if (theCase.introduced !== null && compareVersions(kernel.version, theCase.introduced) < 0) {
    return say('unknown', `older than ${theCase.introduced}, where what the case tests came in`)
  }
  const distance = compareSeries(kernel.series, seriesOf(mainline))
  if (distance < 0) return say('missing', `in mainline since ${mainline}, not listed for ${kernel.series}`)
  if (distance === 0 && compareVersions(kernel.version, mainline) < 0) {
    return say('unknown', `in mainline since ${mainline}, of which this is a candidate`)
  }
  return say('carried', `in mainline since ${mainline}`)
}

/**
 * Verdict against claim. Only `carries` and `lacks` say something about the fix, and only `carried` and `missing` are claims:
 * where either side is silent there is nothing to hold against the other, and the finding is `unproven`, never `agrees`.
 */
const FINDINGS: Readonly<Record<Verdict, Readonly<Record<Claim, Finding>>>> = {
  carries: { carried: 'agrees', missing: 'carried-unclaimed', unknown: 'unproven' },
  lacks: { carried: 'claimed-but-lacks', missing: 'agrees', unknown: 'unproven' },
  unproven: { carried: 'unproven', missing: 'unproven', unknown: 'unproven' },
  'not-applicable': { carried: 'unproven', missing: 'unproven', unknown: 'unproven' },
  broken: { carried: 'unproven', missing: 'unproven', unknown: 'unproven' },
  missing: { carried: 'unproven', missing: 'unproven', unknown: 'unproven' }
}

/** The finding of a cell: its verdict held against the claim. */
export function findingOf(verdict: Verdict, claim: Claim): Finding {
  return FINDINGS[verdict][claim]
}
