/** What case.json says of a series, held against the changelogs and the git tree: a claim that one of them contradicts. */
import type { Case } from '#domain/case.ts'
import type { GitTreeSource } from '#domain/claim-sources.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { CaseContradiction, CaseContradictionKind } from '#domain/report/matrix.ts'
import { compareSeries, compareVersions, parseVersion, seriesOf } from '#domain/version.ts'
import { caseSays, type KernelClaimSources } from './claim.ts'
import { cite, mentionsIn, subjectsOf, type KernelChangelog, type Mention, type ParsedChangelog } from './from-changelog.ts'
import { gitTreeSays } from './from-git.ts'

type Claimed = Pick<Case, 'id' | 'claim' | 'fixes' | 'introduced'>

/** A changelog by the package version it was taken from. */
export type NamedChangelog = ParsedChangelog & Pick<KernelChangelog, 'build'>

/**
 * Every contradiction of a run, by case and then by series, each once: in the series of these kernels, by the sources of each.
 */
export function contradictionsOfRun(
  kernels: readonly Kernel[],
  cases: readonly Claimed[],
  sourcesOf: (kernel: string) => KernelClaimSources | undefined,
): CaseContradiction[] {
  const bySeries = Map.groupBy(kernels, ({ series }) => series)
  const found = cases.flatMap((theCase) =>
    [...bySeries].flatMap(([series, own]) => {
      const changelogs = new Map<unknown, NamedChangelog>()
      for (const { id } of own) {
        const changelog = sourcesOf(id)?.changelog
        if (changelog && !('unavailable' in changelog)) changelogs.set(changelog.mentions, changelog)
      }
      const written = [...changelogs.values()].map((changelog) => changelogContradicts(theCase, series, changelog))
      const told = own.map((kernel) => {
        const gitTree = sourcesOf(kernel.id)?.gitTree
        return gitTree && !('unavailable' in gitTree) ? gitContradicts(theCase, kernel, gitTree) : null
      })
      return [...written, ...told].find((one) => one !== null) ?? []
    }),
  )
  return found.toSorted(byCaseAndSeries)
}

/** Every contradiction of a case by some changelogs, whatever series they tell of, in series order. */
export function contradictionsIn(theCase: Claimed, changelogs: readonly NamedChangelog[]): CaseContradiction[] {
  const found = new Map<string, CaseContradiction>()
  for (const changelog of changelogs) {
    const releases = [...changelog.mentions.values()].flat().flatMap(({ entry }) => entry.release ?? [])
    const series = new Set([...Object.keys(theCase.claim.stable), ...releases.map(seriesOf)])
    for (const name of series) {
      const contradiction = changelogContradicts(theCase, name, changelog)
      if (contradiction && !found.has(name)) found.set(name, contradiction)
    }
  }
  return [...found.values()].toSorted(byCaseAndSeries)
}

function byCaseAndSeries(left: CaseContradiction, right: CaseContradiction): number {
  if (left.case !== right.case) return left.case < right.case ? -1 : 1
  return compareSeries(left.series, right.series)
}

/** What one series' part of a changelog says of a case. */
type Listing =
  | { readonly says: 'nothing' }
  /** A change of Debian's own is of no stable release. */
  | { readonly says: 'debian-only' }
  | { readonly says: 'taken-out'; readonly by: Mention }
  /** `releases` are those that may count as the first; `isWhole` where every commit of the fix is listed. */
  | { readonly says: 'listed'; readonly releases: readonly string[]; readonly by: Mention; readonly isWhole: boolean }

/** What a changelog contradicts in the claim of a case about a series; null where it does not, or cannot say. */
export function changelogContradicts(theCase: Claimed, series: string, changelog: NamedChangelog): CaseContradiction | null {
  const { stable, mainline, unlisted } = theCase.claim
  const release = stable[series] ?? null
  const listing = listingOf(theCase, series, changelog)
  const since = `case.json says that ${series} has it since ${release}`
  const make = (kind: CaseContradictionKind, listed: string | null, summary: string, source: string): CaseContradiction => ({
    case: theCase.id,
    series,
    kind,
    release,
    listed,
    summary,
    source,
  })
  const missing = (): CaseContradiction | null => {
    if (release === null || unlisted === undefined || unlisted.includes(series) || !changelog.lists.has(release)) return null
    const source = `Debian changelog: linux (${changelog.build}), ChangeLog-${release}`
    return make('not-in-list', null, `${since}, whose list in the changelog does not have it`, source)
  }
  if (listing.says === 'nothing') return missing()
  if (listing.says === 'debian-only') return null
  const source = cite(listing.by.entry)
  if (listing.says === 'taken-out') {
    const claims = release !== null || hasFromStart(series, mainline)
    const { release: out } = listing.by.entry
    const what = release === null ? `case.json says that ${series} has it from its start` : since
    return claims
      ? make('taken-out', out, `${what}, and the changelog takes it out${out === null ? '' : ` in ${out}`}`, source)
      : null
  }
  const listed = listing.releases.at(-1) ?? null
  if (release === null) {
    if (hasFromStart(series, mainline)) {
      return make(
        'not-in-base',
        listed,
        `case.json says that ${series} has it from its start, and the changelog lists it in ${listed}`,
        source,
      )
    }
    return make(
      'series-missing',
      listed,
      `case.json names no release of ${series}, and the changelog lists it in ${listed}`,
      source,
    )
  }
  if (listing.releases.includes(release)) {
    const summary = `case.json says that the changelog of ${series} does not list it, and it does, in ${release}`
    return unlisted?.includes(series) && listing.isWhole ? make('listed-after-all', release, summary, source) : null
  }
  const isLater = listed !== null && compareVersions(listed, release) > 0
  // Of a fix in parts, one that is not listed may have come with the release of case.json.
  if (!listing.isWhole && !isLater) return missing()
  return make('other-release', listed, `${since}, and the changelog lists it in ${listed}`, source)
}

/** What is in mainline before a series begins is in all of it. */
function hasFromStart(series: string, mainline: string | null): boolean {
  return mainline !== null && parseVersion(mainline) !== null && compareSeries(series, seriesOf(mainline)) >= 0
}

function listingOf(theCase: Claimed, series: string, changelog: ParsedChangelog): Listing {
  const { own, others } = subjectsOf(theCase)
  const parts = (subjects: readonly string[]) => subjects.map((subject) => partOf(mentionsIn(series, subject, changelog)))
  const aliases = parts(others).filter((part) => part !== null && part.isIn)
  const ofOwn = parts(own)
  const mentioned = ofOwn.filter((part) => part !== null)
  const alias = aliases.find((part) => part !== null)
  const out = mentioned.find(({ isIn }) => !isIn)
  if (out && !alias) return { says: 'taken-out', by: out.last }
  const first = mentioned[0] ?? alias
  if (!first) return { says: 'nothing' }
  const all = [...mentioned, ...aliases.flatMap((part) => part ?? [])]
  if (all.some((part) => part.releases === null)) return { says: 'debian-only' }
  const latest = mentioned.toSorted((a, b) => compareVersions(a.releases?.at(-1) ?? '', b.releases?.at(-1) ?? '')).at(-1)
  const releases = [latest?.releases ?? [], ...aliases.map((part) => part?.releases ?? [])].flat()
  const isWhole = alias !== undefined || mentioned.length === ofOwn.length
  return { says: 'listed', releases, by: (latest ?? first).last, isWhole }
}

/** One subject in one series: whether it is in at the end, and the releases of which each may count as the first that has it. */
interface Part {
  readonly isIn: boolean
  /** The first that applied it, and the one that applied it for good; null where Debian did that. */
  readonly releases: readonly string[] | null
  readonly last: Mention
}

function partOf(mentions: readonly Mention[]): Part | null {
  const last = mentions.at(-1)
  if (!last) return null
  const applied = mentions.filter(({ does }) => does === 'applies')
  const [first, final] = [applied[0]?.entry.release, applied.at(-1)?.entry.release]
  const isIn = last.does === 'applies'
  return { isIn, last, releases: first && final ? [...new Set([first, final])] : null }
}

/** What a git tree contradicts at one kernel. */
function gitContradicts(theCase: Claimed, kernel: Kernel, gitTree: GitTreeSource): CaseContradiction | null {
  const told = gitTreeSays(theCase, gitTree)
  const own = caseSays(kernel, theCase)
  if (told === null || own.claim === 'unknown' || own.claim === told.claim) return null
  const { series } = kernel
  const release = theCase.claim.stable[series] ?? null
  const says =
    release !== null
      ? `${series} has it since ${release}`
      : own.claim === 'listed'
        ? `${series} has it from its start`
        : `${series} does not have it`
  const has = told.claim === 'listed' ? 'has' : 'does not have'
  const summary = `case.json says that ${says}, and the git tree ${has} it at ${gitTree.revision}`
  return { case: theCase.id, series, kind: 'git-tree', release, listed: null, summary, source: told.source }
}
