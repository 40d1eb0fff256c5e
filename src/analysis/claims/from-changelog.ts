/** The claim of a Debian changelog about a fix in one kernel: exact subjects in its series, reverts resolved. */
import type { Case } from '#domain/case.ts'
import type { Claim } from '#domain/judgement.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { ChangelogSource } from '#domain/claim-sources.ts'
import { compareVersions, parseVersion, seriesOf } from '#domain/version.ts'
import { entryActionOf, subjectKey, type EntryAction, type Entry, type VersionEntries } from './changelog.ts'

/** The claim of one source, with the line behind it. */
export interface SourceClaim {
  readonly claim: Exclude<Claim, 'unknown'>
  readonly source: string
}

/** An entry about a wanted subject. */
export interface Mention extends Pick<EntryAction, 'does'> {
  readonly entry: Entry
  /** Index of its package version, 0 the newest. */
  readonly position: number
}

/** A changelog parsed for some cases: which of its entries mention their subjects. */
export interface ParsedChangelog {
  /** All of its entries. A changelog that was parsed before may read them when they are asked for, which takes long. */
  readonly versions: readonly VersionEntries[]
  /** Series of each package version, newest first. */
  readonly series: readonly string[]
  /** Index of each package version. */
  readonly at: ReadonlyMap<string, number>
  /** Oldest first, by subject. */
  readonly mentions: ReadonlyMap<string, readonly Mention[]>
  /** Stable releases that have a list, with the index of its package version. */
  readonly lists: ReadonlyMap<string, number>
}

/** The changelog that serves one kernel. */
export interface KernelChangelog extends ParsedChangelog, Pick<ChangelogSource, 'build' | 'instead' | 'origin'> {
  /** What names its text, for who keeps what is made of it. */
  readonly fingerprint?: string
}

/** The subjects of a case's fixes in a changelog: those of the fixes, and other names of backports. */
export function subjectsOf({ fixes, claim }: Pick<Case, 'fixes' | 'claim'>): { own: string[]; others: string[] } {
  const own = fixes.map(({ subject }) => subject)
  return { own, others: claim.subjects.filter((subject) => !own.includes(subject)) }
}

/** Parse a changelog once for all cases of a report. */
export function parseChangelogMentions(
  versions: readonly VersionEntries[],
  cases: readonly Pick<Case, 'fixes' | 'claim'>[],
): ParsedChangelog {
  const subjects = cases.flatMap((theCase) => Object.values(subjectsOf(theCase)).flat())
  const mentions = new Map<string, Mention[]>(subjects.map((subject) => [subjectKey(subject), []]))
  // Nearly all subjects equal those of git, and a direct look-up of a hundred thousand is fast.
  const plain = new Map(subjects.map((subject) => [subject, mentions.get(subjectKey(subject))]))
  const lists = new Map<string, number>()
  for (let position = versions.length - 1; position >= 0; position -= 1) {
    for (const release of versions[position]?.releases ?? []) lists.set(release, position)
    for (const entry of versions[position]?.entries ?? []) {
      const { subject, does } = entryActionOf(entry.subject)
      const mentioned = plain.get(subject) ?? (subject.includes('- ') ? mentions.get(subjectKey(subject)) : undefined)
      mentioned?.push({ entry, does, position })
    }
  }
  const at = new Map(versions.map(({ build }, position) => [build, position]))
  return { versions, series: versions.map((version) => version.series), at, mentions, lists }
}

/** A changelog that may be of a machine in use: then it is that of the very package of its kernel, `build`. */
type OfMachine = ParsedChangelog & Partial<Pick<ChangelogSource, 'build' | 'origin'>>

/** `Debian changelog: linux (6.12.29-1), ChangeLog-6.12.29, "subject"`; of a machine in use its own name of it. */
export function cite({ build, release, subject }: Entry, origin = 'Debian changelog'): string {
  return `${origin}: linux (${build}), ${release === null ? '' : `ChangeLog-${release}, `}"${subject}"`
}

/**
 * The claim of a changelog about a case in a kernel, null when it mentions none of its subjects. The last entry up to the kernel
 * decides. Without one the first later entry does: before it was applied the fix was absent, before it was reverted present.
 */
export function changelogSays(kernel: Kernel, theCase: Pick<Case, 'fixes' | 'claim'>, changelog: OfMachine): SourceClaim | null {
  const { own, others } = subjectsOf(theCase)
  const alias = others.map((subject) => subjectClaim(kernel, subject, changelog)).find((one) => one?.claim === 'listed')
  if (alias) return alias
  const claims = own.map((subject) => subjectClaim(kernel, subject, changelog))
  const notListed = claims.find((one) => one?.claim === 'not-listed')
  if (notListed) return notListed
  const listed = claims.filter((one) => one !== null)
  if (listed.length === 0 || listed.length < own.length) return null
  return { claim: 'listed', source: listed.map(({ source }) => source).join('; ') }
}

function subjectClaim(kernel: Kernel, subject: string, changelog: OfMachine): SourceClaim | null {
  const own = mentionsIn(kernel.series, subject, changelog)
  const upTo = own.filter((mention) => isUpTo(mention, kernel, changelog))
  const last = upTo.at(-1)
  if (last) return { claim: last.does === 'applies' ? 'listed' : 'not-listed', source: cite(last.entry, changelog.origin) }
  const next = own[0]
  if (!next) return null
  if (next.does === 'reverts') return { claim: 'listed', source: `reverted later only: ${cite(next.entry, changelog.origin)}` }
  return { claim: 'not-listed', source: `applied later only: ${cite(next.entry, changelog.origin)}` }
}

/** The entries about a subject in a series, oldest first. Backports to another series say nothing here. */
export function mentionsIn(series: string, subject: string, { mentions, series: own }: ParsedChangelog): Mention[] {
  return (mentions.get(subjectKey(subject)) ?? []).filter(({ entry, position }) =>
    entry.release === null ? own[position] === series : seriesOf(entry.release) === series,
  )
}

/** Whether an entry came up to the kernel: by position if the changelog has the kernel's version, else by stable release. */
function isUpTo({ entry, position }: Mention, kernel: Kernel, { at, build = '', origin }: OfMachine): boolean {
  const own = at.get(kernel.build) ?? (origin === undefined ? undefined : at.get(build))
  if (own !== undefined) return position >= own
  return entry.release !== null && compareVersions(entry.release, kernel.version) <= 0
}

/** Stable releases of the first two months, which cannot contain what was merged for the release after the next. */
const FIRST_RELEASES = 8
/**
 * Up to so many releases without a list count as small ones: Debian only names a release that brought it nothing new. This
 * holds for the kernel's own changelog alone, because another one diverged after the last release it lists.
 */
const MAX_UNLISTED = 2

/** Stable releases up to a kernel that the changelog does not list. */
export interface Gap {
  /** `6.1.171 and 6.1.172`. */
  readonly text: string
  /** The gap is so wide that a missing line proves nothing. */
  readonly isWide: boolean
}

/**
 * The stable releases up to this kernel that the changelog does not list, null without any. Debian imports the first releases of
 * a series without lists: that is not a gap for a fix of a later release than the next.
 */
export function gapOf({ build, version: text }: Kernel, { at, lists }: ParsedChangelog, mainline: string | null): Gap | null {
  const position = at.get(build) ?? 0
  const version = parseVersion(text)
  if (!version) return { text: `what belongs to ${text}`, isWide: true }
  const first = mainline !== null && isAfterNext(text, mainline) ? FIRST_RELEASES + 1 : 1
  const all = Array.from(
    { length: Math.max(0, version.patch - first + 1) },
    (_, index) => `${version.major}.${version.minor}.${first + index}`,
  )
  const unlisted = all.filter((release) => (lists.get(release) ?? -1) < position)
  const [one, last] = [unlisted[0], unlisted.at(-1)]
  if (one === undefined) return null
  const more = unlisted.length > 2 ? ` to ${last} (${unlisted.length})` : unlisted.length > 1 ? ` and ${last}` : ''
  return { text: one + more, isWide: unlisted.length > MAX_UNLISTED || !at.has(build) }
}

/** Every major version since 3 has reached at least this minor version. */
const MIN_LAST_MINOR = 19

/** Whether a release is the second after that of a version, or later. */
function isAfterNext(version: string, mainline: string): boolean {
  const [base, release] = [parseVersion(version), parseVersion(mainline)]
  if (!base || !release || release.major < base.major) return false
  if (release.major === base.major) return release.minor >= base.minor + 2
  return release.minor >= 1 || release.major > base.major + 1 || base.minor < MIN_LAST_MINOR
}
