/**
 * Claims: what the paperwork says about a kernel and a fix, and how it stands against the verdict. Sources by trust: a git
 * history, a package changelog, the case's own data. A line that is there says more than one that is not, for a fix may be in
 * the base release.
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
  /** What was compared with what, and where it is written. */
  readonly source: string
}

/** The papers of one kernel as they were read; null where a source was not asked. */
export interface KernelClaimSources {
  readonly gitTree: GitTreeSource | UnavailableSource | null
  readonly changelog: KernelChangelog | UnavailableSource | null
}

const NO_SOURCES: KernelClaimSources = { gitTree: null, changelog: null }

/** What all the paperwork together claims about a kernel and a case. */
export function claimOf(
  kernel: Kernel,
  theCase: Pick<Case, 'claim' | 'fixes' | 'introduced'>,
  { gitTree, changelog }: KernelClaimSources = NO_SOURCES,
): CellClaim {
  const told = gitTree && !('unavailable' in gitTree) ? gitTreeSays(theCase, gitTree) : null
  const written = told ?? (changelog && !('unavailable' in changelog) ? changelogSays(kernel, theCase, changelog) : null)
  if (written) return written
  const { rests, ...own } = caseSays(kernel, theCase)
  if (rests === 'nothing' || rests === 'base' || changelog === null) return own
  if ('unavailable' in changelog) {
    return rests === 'entry' ? own : { claim: 'unknown', source: `no changelog: ${changelog.unavailable}; ${own.source}` }
  }
  const gap = gapOf(kernel, changelog, theCase.claim.mainline)
  const silent = `${whose(kernel, changelog)} has no such line${gap === null ? '' : `, nor a list of ${gap.text}`}`
  // That no line is there weighs less than an entry that names a release, and nothing where much is left out.
  if (rests === 'entry') return { ...own, source: `${own.source}; ${silent}` }
  return { claim: gap?.isWide ? 'unknown' : own.claim, source: `${silent}; ${own.source}` }
}

/** The changelog as a sentence names it: that of the kernel, or one that has to do. */
function whose({ build }: Kernel, changelog: KernelChangelog): string {
  if (changelog.instead === null) return `the Debian changelog up to linux (${build})`
  return `no changelog of its own (${changelog.instead}), and that of linux (${changelog.build})`
}

/** A claim of the case's own data, and what it rests on: an entry, the base of the series, that no entry is there, or nothing. */
interface CaseClaim extends CellClaim {
  readonly rests: 'entry' | 'base' | 'silence' | 'nothing'
}

/**
 * The claim that a case's own paperwork makes about a kernel.
 * A stable entry decides inside its series. Else the release decides: a later series inherits what mainline has, an older one
 * without an entry never got it. `unknown` is said where the paperwork cannot speak: a fix never merged, a kernel older than what
 * the case is about, a release candidate of the very release, a version that cannot be ordered.
 */
function caseSays(kernel: Kernel, theCase: Pick<Case, 'claim' | 'introduced'>): CaseClaim {
  const { stable, mainline, source } = theCase.claim
  const say = (claim: Claim, rests: CaseClaim['rests'], why: string): CaseClaim => ({
    claim,
    rests,
    source: `${why} (${source})`,
  })
  const unknown = (why: string): CaseClaim => say('unknown', 'nothing', why)

  if (!parseVersion(kernel.version)) return unknown(`version ${kernel.version} cannot be ordered`)
  const first = stable[kernel.series]
  if (first !== undefined) {
    return say(
      compareVersions(kernel.version, first) >= 0 ? 'listed' : 'not-listed',
      'entry',
      `in ${kernel.series} since ${first}`,
    )
  }
  if (mainline === null) return unknown('never merged')
  if (!parseVersion(mainline)) return unknown(`mainline release ${mainline} cannot be ordered`)
  if (theCase.introduced !== null && compareVersions(kernel.version, theCase.introduced) < 0) {
    return unknown(`older than ${theCase.introduced}, where what the case tests came in`)
  }
  const distance = compareSeries(kernel.series, seriesOf(mainline))
  if (distance < 0) return say('not-listed', 'silence', `in mainline since ${mainline}, not listed for ${kernel.series}`)
  if (distance === 0 && compareVersions(kernel.version, mainline) < 0) {
    return unknown(`in mainline since ${mainline}, of which this is a candidate`)
  }
  return say('listed', 'base', `in mainline since ${mainline}`)
}

/**
 * Verdict against claim. Only `carries` and `lacks` say something about the fix, and only `listed` and `not-listed` are claims.
 * Where either side says nothing, the finding is `not-comparable`, never `agrees`.
 */
const FINDINGS: Readonly<Record<'carries' | 'lacks', Readonly<Record<Claim, Finding>>>> = {
  carries: { listed: 'agrees', 'not-listed': 'fixed-not-listed', unknown: 'not-comparable' },
  lacks: { listed: 'listed-still-affected', 'not-listed': 'agrees', unknown: 'not-comparable' },
}

/** The finding of a cell: its verdict held against the claim. */
export function findingOf(verdict: Verdict, claim: Claim): Finding {
  return verdict === 'carries' || verdict === 'lacks' ? FINDINGS[verdict][claim] : 'not-comparable'
}
