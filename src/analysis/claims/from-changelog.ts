/** What a Debian changelog says of a fix in one kernel: exact subjects in its series, reverts understood. */
import type { Case } from '#domain/case.ts'
import type { Claim } from '#domain/judgement.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { ChangelogSource } from '#domain/claim-sources.ts'
import { compareVersions, parseVersion, seriesOf } from '#domain/version.ts'
import { entryActionOf, subjectKey, type EntryAction, type Entry, type Stanza } from './changelog.ts'

/** What a paper says, with the line it rests on. */
export interface Said {
  readonly claim: Exclude<Claim, 'unknown'>
  readonly source: string
}

/** An entry about a wanted subject. */
interface Mention extends Pick<EntryAction, 'does'> {
  readonly entry: Entry
  /** Place of its stanza, 0 the newest. */
  readonly stanza: number
}

/** A changelog read for some cases: which of its entries are about their subjects. */
export interface ParsedChangelog {
  readonly stanzas: readonly Stanza[]
  readonly at: ReadonlyMap<string, number>
  /** Oldest first, by subject. */
  readonly mentions: ReadonlyMap<string, readonly Mention[]>
  /** Stable releases that have a list, with the place of its stanza. */
  readonly lists: ReadonlyMap<string, number>
}

/** A changelog as it serves one kernel. */
export interface KernelChangelog extends ParsedChangelog, Pick<ChangelogSource, 'build' | 'instead'> {}

/** The subjects under which a case's fixes may stand in a changelog: of each fix its own, and names a backport got beside. */
function subjectsOf({ fixes, claim }: Pick<Case, 'fixes' | 'claim'>): { own: string[]; others: string[] } {
  const own = fixes.map(({ subject }) => subject)
  return { own, others: claim.subjects.filter((subject) => !own.includes(subject)) }
}

/** Go through a changelog once for all the cases of a report. */
export function parseChangelogMentions(
  stanzas: readonly Stanza[],
  cases: readonly Pick<Case, 'fixes' | 'claim'>[],
): ParsedChangelog {
  const subjects = cases.flatMap((theCase) => Object.values(subjectsOf(theCase)).flat())
  const mentions = new Map<string, Mention[]>(subjects.map((subject) => [subjectKey(subject), []]))
  // Nearly all subjects are as git has them: looked up as they are, a hundred thousand take no time.
  const plain = new Map(subjects.map((subject) => [subject, mentions.get(subjectKey(subject))]))
  const lists = new Map<string, number>()
  for (let stanza = stanzas.length - 1; stanza >= 0; stanza -= 1) {
    for (const release of stanzas[stanza]?.releases ?? []) lists.set(release, stanza)
    for (const entry of stanzas[stanza]?.entries ?? []) {
      const { subject, does } = entryActionOf(entry.subject)
      const mentioned = plain.get(subject) ?? (subject.includes('- ') ? mentions.get(subjectKey(subject)) : undefined)
      mentioned?.push({ entry, does, stanza })
    }
  }
  return { stanzas, at: new Map(stanzas.map(({ build }, place) => [build, place])), mentions, lists }
}

/** `Debian changelog: linux (6.12.29-1), ChangeLog-6.12.29, "subject"`. */
function cite({ build, release, subject }: Entry): string {
  return `Debian changelog: linux (${build}), ${release === null ? '' : `ChangeLog-${release}, `}"${subject}"`
}

/**
 * What a changelog says of a case in a kernel, null when it is silent. The last entry up to the kernel decides. Without one the
 * first after it does: what came in later was not there, and what was taken out later was.
 */
export function changelogSays(kernel: Kernel, theCase: Pick<Case, 'fixes' | 'claim'>, paper: ParsedChangelog): Said | null {
  const { own, others } = subjectsOf(theCase)
  const alias = others.map((subject) => subjectSaid(kernel, subject, paper)).find((said) => said?.claim === 'listed')
  if (alias) return alias
  const said = own.map((subject) => subjectSaid(kernel, subject, paper))
  const notListed = said.find((one) => one?.claim === 'not-listed')
  if (notListed) return notListed
  const listed = said.filter((one) => one !== null)
  if (listed.length === 0 || listed.length < own.length) return null
  return { claim: 'listed', source: listed.map(({ source }) => source).join('; ') }
}

function subjectSaid(kernel: Kernel, subject: string, paper: ParsedChangelog): Said | null {
  const own = (paper.mentions.get(subjectKey(subject)) ?? []).filter((mention) => isOfSeries(mention, kernel, paper))
  const upTo = own.filter((mention) => isUpTo(mention, kernel, paper))
  const last = upTo.at(-1)
  if (last) return { claim: last.does === 'applies' ? 'listed' : 'not-listed', source: cite(last.entry) }
  const next = own[0]
  if (!next) return null
  if (next.does === 'reverts') return { claim: 'listed', source: `taken out later only: ${cite(next.entry)}` }
  return { claim: 'not-listed', source: `later only: ${cite(next.entry)}` }
}

/** Fixes are backported: what another series got says nothing here. */
function isOfSeries({ entry, stanza }: Mention, { series }: Kernel, { stanzas }: ParsedChangelog): boolean {
  return entry.release === null ? stanzas[stanza]?.series === series : seriesOf(entry.release) === series
}

/** In a changelog that has the kernel's own stanza its place decides; in any other the stable release does. */
function isUpTo({ entry, stanza }: Mention, kernel: Kernel, { at }: ParsedChangelog): boolean {
  const place = at.get(kernel.build)
  if (place !== undefined) return stanza >= place
  return entry.release !== null && compareVersions(entry.release, kernel.version) <= 0
}

/** Stable releases of the first two months: what was merged for the release after the next cannot be in them. */
const FIRST_RELEASES = 8
/**
 * So many releases without a list are taken for small ones, for Debian names what brought it nothing new. That holds for the
 * kernel's own changelog alone: one of another line went its own way after the last release it lists.
 */
const MOST_UNLISTED = 2

/** Stable releases of its series that a changelog does not list up to a kernel. */
export interface Gap {
  /** `6.1.171 and 6.1.172`. */
  readonly text: string
  /** So much is left out that silence proves nothing. */
  readonly isWide: boolean
}

/**
 * Which stable releases up to this kernel the changelog does not list, null when none. Debian came to a series with its very
 * first ones and names them without their lists: that leaves nothing out where the fix is of a later release than the next.
 */
export function gapOf({ build, version: text }: Kernel, { at, lists }: ParsedChangelog, mainline: string | null): Gap | null {
  const place = at.get(build) ?? 0
  const version = parseVersion(text)
  if (!version) return { text: `what belongs to ${text}`, isWide: true }
  const first = mainline !== null && isAfterNext(text, mainline) ? FIRST_RELEASES + 1 : 1
  const all = Array.from(
    { length: Math.max(0, version.patch - first + 1) },
    (_, index) => `${version.major}.${version.minor}.${first + index}`,
  )
  const unlisted = all.filter((release) => (lists.get(release) ?? -1) < place)
  const [one, last] = [unlisted[0], unlisted.at(-1)]
  if (one === undefined) return null
  const more = unlisted.length > 2 ? ` to ${last} (${unlisted.length})` : unlisted.length > 1 ? ` and ${last}` : ''
  return { text: one + more, isWide: unlisted.length > MOST_UNLISTED || !at.has(build) }
}

/** Every major number since 3 has gone on to this minor number at least. */
const LEAST_LAST_MINOR = 19

/** Whether a release is the second after that of a version, or later. */
function isAfterNext(version: string, mainline: string): boolean {
  const [base, release] = [parseVersion(version), parseVersion(mainline)]
  if (!base || !release || release.major < base.major) return false
  if (release.major === base.major) return release.minor >= base.minor + 2
  return release.minor >= 1 || release.major > base.major + 1 || base.minor < LEAST_LAST_MINOR
}
