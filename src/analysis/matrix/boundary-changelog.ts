/** What the changelog between the two kernels of a boundary says about the names of the fix. */
import type { Case } from '#domain/case.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { UnavailableSource } from '#domain/claim-sources.ts'
import type { BoundaryEntries, BoundaryEntry } from '#domain/report/matrix.ts'
import { compareVersions, seriesOf } from '#domain/version.ts'
import type { BareBoundary } from './boundary.ts'
import { entryActionOf, subjectKey, type Entry } from '../claims/changelog.ts'
import type { KernelChangelog, ParsedChangelog } from '../claims/from-changelog.ts'

/** Entries shown beside one boundary. */
const MOST_ENTRIES = 12

/** Words of a subject or a subsystem that so much shares that they name nothing. */
const COMMON = new Set(['mm', 'fs', 'net', 'kernel', 'the', 'and', 'for', 'drivers', 'include', 'lib'])

/** The boundary of a case, and what its later kernel's paper is. */
type EntriesBetween = (
  boundary: Pick<BareBoundary, 'case' | 'before' | 'after'>,
  paper: KernelChangelog | UnavailableSource | null,
) => BoundaryEntries | null

/**
 * A reader of the entries between a boundary's kernels that are about its fix, nearest first; it gives null where no changelog
 * tells of both. Many cases change at one pair of kernels, between which lie thousands of entries: those are read once.
 */
export function createEntriesBetween(kernels: readonly Kernel[], cases: readonly Case[]): EntriesBetween {
  const kernel = new Map(kernels.map((one) => [one.id, one]))
  const named = new Map(cases.map((one) => [one.id, { theCase: one, names: namesOf(one) }]))
  const wanted = new Set([...named.values()].flatMap(({ names }) => [...names.keys()]))
  const known = new Map<string, Between | null>()

  return ({ case: id, before, after }, paper) => {
    const [from, to, own] = [kernel.get(before), kernel.get(after), named.get(id)]
    if (!from || !to || !own || paper === null || 'unavailable' in paper) return null
    const pair = `${before} ${after}`
    const between = known.get(pair) ?? indexOf(entriesAfter(from, to, paper), wanted)
    known.set(pair, between)
    return between && { source: `linux (${paper.build})`, ...nearestOf(own.theCase, own.names, between) }
  }
}

/** What lies nearest to the fix of a case, and how much more is about it. */
function nearestOf(
  { fixes, claim }: Case,
  names: ReadonlyMap<string, number>,
  between: Between,
): Pick<BoundaryEntries, 'listed' | 'more'> {
  const own = new Set([...fixes.map((fix) => fix.subject), ...claim.subjects].map(subjectKey))
  const cves = fixes.flatMap(({ cve }) => cve)
  const near = [
    ...[...own].flatMap((key) => between.byKey.get(key) ?? []),
    ...cves.flatMap((name) => between.byCve.get(name) ?? []),
    ...[...names.keys()].flatMap((word) => between.byWord.get(word) ?? []),
  ]
  const weighed = [...new Set(near)].map((gist) => {
    const other = gist.entry.cve.some((name) => cves.includes(name)) ? ('cve' as const) : ('names' as const)
    const about = own.has(gist.key) ? DEEDS[gist.does] : other
    const shared = gist.words.reduce((sum, word) => sum + (names.get(word) ?? 0), 0)
    return { ...gist, about, weight: WEIGHTS[about] + shared }
  })
  // Of equal weight in the order of the commits.
  const nearest = weighed.toSorted((a, b) => b.weight - a.weight || a.place - b.place)
  return {
    listed: nearest.slice(0, MOST_ENTRIES).map(({ entry, about }): BoundaryEntry => ({ ...entry, about })),
    more: Math.max(0, nearest.length - MOST_ENTRIES),
  }
}

const WEIGHTS: Readonly<Record<BoundaryEntry['about'], number>> = { fix: 3000, revert: 2000, cve: 1000, names: 0 }

/** All that came in behind one kernel up to the other, oldest first; null where the changelog does not reach either. */
function entriesAfter(from: Kernel, to: Kernel, { stanzas, at }: ParsedChangelog): Entry[] | null {
  const newest = at.get(to.build)
  if (newest === undefined) return null
  const oldest = at.get(from.build)
  const isBetween = (place: number): boolean => place >= newest && (oldest === undefined || place < oldest)
  const own = stanzas.filter(({ series }, place) => series === to.series && isBetween(place))
  const entries = own.toReversed().flatMap((stanza) => stanza.entries)
  if (oldest !== undefined) return entries
  // The earlier kernel is of another suite: its own stanza is not here, but the releases tell what it had.
  const releases = [...new Set(own.flatMap((stanza) => stanza.releases))]
  const later = new Set(releases.filter((one) => seriesOf(one) === to.series && compareVersions(one, from.version) > 0))
  return entries.filter(({ release }) => release !== null && later.has(release))
}

const DEEDS = { applies: 'fix', reverts: 'revert' } as const

interface Gist {
  readonly entry: Entry
  /** Which of them it is. */
  readonly place: number
  readonly key: string
  readonly does: keyof typeof DEEDS
  /** Of the subject, each once: those that a case goes by. */
  readonly words: readonly string[]
}

/** What lies between two kernels, found by what a case knows: the subject of a commit, a CVE, a name. */
interface Between {
  readonly byKey: ReadonlyMap<string, readonly Gist[]>
  readonly byCve: ReadonlyMap<string, readonly Gist[]>
  readonly byWord: ReadonlyMap<string, readonly Gist[]>
}

/** Of thousands of words the `wanted` ones are kept. */
function indexOf(entries: readonly Entry[] | null, wanted: ReadonlySet<string>): Between | null {
  if (entries === null) return null
  const gists = entries.map((entry, place): Gist => {
    const { subject, does } = entryActionOf(entry.subject)
    const words = wordsOf(entry.subject).filter((word) => wanted.has(word))
    return { entry, place, key: subjectKey(subject), does, words: [...new Set(words)] }
  })
  return {
    byKey: groupBy(gists, ({ key }) => [key]),
    byCve: groupBy(gists, ({ entry }) => entry.cve),
    byWord: groupBy(gists, ({ words }) => words),
  }
}

function groupBy(gists: readonly Gist[], keysOf: (gist: Gist) => readonly string[]): Map<string, Gist[]> {
  const groups = new Map<string, Gist[]>()
  for (const gist of gists) {
    for (const key of keysOf(gist)) {
      const group = groups.get(key)
      if (group) group.push(gist)
      else groups.set(key, [gist])
    }
  }
  return groups
}

/** The names of a case: its subsystem, of each fix what its subject is about and the identifiers in it. Rarer ones weigh more. */
function namesOf({ id, subsystem, fixes }: Case): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  const add = (words: readonly string[], weight: number): void => {
    for (const word of words) {
      if (word.length > 2 && !COMMON.has(word)) names.set(word, Math.max(weight, names.get(word) ?? 0))
    }
  }
  add([id.split('-')[0] ?? '', ...wordsOf(subsystem)], 1)
  for (const { subject } of fixes) {
    add(wordsOf(subject.includes(': ') ? subject.slice(0, subject.lastIndexOf(': ')) : ''), 2)
    add(
      wordsOf(subject).filter((word) => word.includes('_')),
      4,
    )
  }
  return names
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9_]+/g) ?? []
}
