/**
 * Claims: what the claim sources say about a kernel and a fix, and how that compares with the verdict. Sources by trust: a git
 * tree, a package changelog, the case's own data. A line that exists says more than a missing one, because the base release may
 * contain the fix.
 */
import type { Case } from '#domain/case.ts'
import type { Claim, Finding, Verdict } from '#domain/judgement.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { GitTreeSource, UnavailableSource } from '#domain/claim-sources.ts'
import { compareSeries, compareVersions, parseVersion, seriesOf } from '#domain/version.ts'
import { changelogSays, gapOf, type KernelChangelog } from './from-changelog.ts'
import { gitTreeSays } from './from-git.ts'

export interface CellClaim {
  readonly claim: Claim
  /** What was compared, and where it is written. */
  readonly source: string
}

/** The parsed claim sources of one kernel; null for a source that was not read. */
export interface KernelClaimSources {
  readonly gitTree: GitTreeSource | UnavailableSource | null
  readonly changelog: KernelChangelog | UnavailableSource | null
}

const NO_SOURCES: KernelClaimSources = { gitTree: null, changelog: null }

/** The claim of all sources together about a kernel and a case. */
export function claimOf(
  kernel: Kernel,
  theCase: Pick<Case, 'claim' | 'fixes' | 'introduced'>,
  { gitTree, changelog }: KernelClaimSources = NO_SOURCES,
): CellClaim {
  const fromGit = gitTree && !('unavailable' in gitTree) ? gitTreeSays(theCase, gitTree) : null
  const found = fromGit ?? (changelog && !('unavailable' in changelog) ? changelogSays(kernel, theCase, changelog) : null)
  if (found) return found
  const { rests, ...own } = caseSays(kernel, theCase)
  if (rests === 'nothing' || rests === 'base' || changelog === null) return own
  if ('unavailable' in changelog) {
    return rests === 'entry' ? own : { claim: 'unknown', source: `no changelog: ${changelog.unavailable}; ${own.source}` }
  }
  const gap = gapOf(kernel, changelog, theCase.claim.mainline)
  const silent = `${whose(kernel, changelog)} has no such line${gap === null ? '' : `, nor a list of ${gap.text}`}`
  // A missing line weighs less than an entry of the case that names a release, and nothing if the changelog has a wide gap.
  if (rests === 'entry') return { ...own, source: `${own.source}; ${silent}` }
  return { claim: gap?.isWide ? 'unknown' : own.claim, source: `${silent}; ${own.source}` }
}

/** The changelog in a sentence: that of the kernel, or its substitute. */
function whose({ build }: Kernel, changelog: KernelChangelog): string {
  if (changelog.instead === null) return `${changelog.origin ?? 'the Debian changelog'} up to linux (${build})`
  return `no changelog of its own (${changelog.instead}), and that of linux (${changelog.build})`
}

/** A claim of the case's own data, and its ground: an entry, the base of the series, a missing entry, or none. */
interface CaseClaim extends CellClaim {
  readonly rests: 'entry' | 'base' | 'silence' | 'nothing'
}

/**
 * The claim of a case's own data about a kernel. A stable entry decides inside its series. Else the release decides: a later
 * series inherits from mainline, an older one without an entry never got the fix. `unknown`: a fix that was never merged, a
 * kernel older than the feature of the case, a release candidate of the same release, a version that has no order.
 */
export function caseSays(kernel: Kernel, theCase: Pick<Case, 'claim' | 'introduced'>): CaseClaim {
  const { stable, mainline, source } = theCase.claim
  const say = (claim: Claim, rests: CaseClaim['rests'], why: string): CaseClaim => ({
    claim,
    rests,
    source: `${why} (${source})`,
  })
  const unknown = (why: string): CaseClaim => say('unknown', 'nothing', why)

  if (!parseVersion(kernel.version)) return unknown(`version ${kernel.version} has no order`)
  const first = stable[kernel.series]
  if (first !== undefined) {
    return say(
      compareVersions(kernel.version, first) >= 0 ? 'listed' : 'not-listed',
      'entry',
      `in ${kernel.series} since ${first}`,
    )
  }
  if (mainline === null) return unknown('never merged')
  if (!parseVersion(mainline)) return unknown(`mainline release ${mainline} has no order`)
  if (theCase.introduced !== null && compareVersions(kernel.version, theCase.introduced) < 0) {
    return unknown(`older than ${theCase.introduced}, which introduced what the case tests`)
  }
  const distance = compareSeries(kernel.series, seriesOf(mainline))
  if (distance < 0) return say('not-listed', 'silence', `in mainline since ${mainline}, not listed for ${kernel.series}`)
  if (distance === 0 && compareVersions(kernel.version, mainline) < 0) {
    return unknown(`in mainline since ${mainline}, and this is a release candidate of it`)
  }
  return say('listed', 'base', `in mainline since ${mainline}`)
}

/**
 * Verdict against claim. Only `carries` and `lacks` decide about the fix, and only `listed` and `not-listed` are claims. Without
 * both, the finding is `not-comparable`, never `agrees`.
 */
const FINDINGS: Readonly<Record<'carries' | 'lacks', Readonly<Record<Claim, Finding>>>> = {
  carries: { listed: 'agrees', 'not-listed': 'fixed-not-listed', unknown: 'not-comparable' },
  lacks: { listed: 'listed-still-affected', 'not-listed': 'agrees', unknown: 'not-comparable' },
}

/** The finding of a cell: its verdict compared with the claim. */
export function findingOf(verdict: Verdict, claim: Claim): Finding {
  return verdict === 'carries' || verdict === 'lacks' ? FINDINGS[verdict][claim] : 'not-comparable'
}
