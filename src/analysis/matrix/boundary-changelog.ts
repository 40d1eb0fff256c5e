/** Changelog entries between the two kernels of a boundary that share names with the fix. */
import type { Case } from '#domain/case.ts'
import type { Kernel } from '#domain/kernel.ts'
import type { UnavailableSource } from '#domain/claim-sources.ts'
import type { BoundaryEntries, BoundaryEntry } from '#domain/report/matrix.ts'
import { compareVersions, seriesOf } from '#domain/version.ts'
import type { BareBoundary } from './boundary.ts'
import { entryActionOf, subjectKey, type Entry } from '../claims/changelog.ts'
import type { KernelChangelog, ParsedChangelog } from '../claims/from-changelog.ts'

/** Entries reported with one boundary. */
const MAX_ENTRIES = 12

/** Words of subjects and subsystems that are too common to name anything. */
const COMMON = new Set(['mm', 'fs', 'net', 'kernel', 'the', 'and', 'for', 'drivers', 'include', 'lib'])

/** Finds the entries of a boundary in the changelog of its later kernel. */
type EntriesBetween = (
  boundary: Pick<BareBoundary, 'case' | 'before' | 'after'>,
  changelog: KernelChangelog | UnavailableSource | null,
) => BoundaryEntries | null

/** Gives what was found before for these parts, all that it depends on; else makes it. */
export type KnownEntries = (parts: readonly unknown[], make: () => BoundaryEntries | null) => BoundaryEntries | null

/**
 * A function that returns the entries between a boundary's kernels that concern its fix, nearest first; null without a changelog
 * that covers both. Many cases change at one pair of kernels with thousands of entries between them: it indexes those once.
 */
export function createEntriesBetween(
  kernels: readonly Kernel[],
  cases: readonly Case[],
  known: KnownEntries = (_parts, make) => make(),
): EntriesBetween {
  const kernel = new Map(kernels.map((one) => [one.id, one]))
  const named = new Map(cases.map((one) => [one.id, { theCase: one, names: namesOf(one) }]))
  const wanted = new Set([...named.values()].flatMap(({ names }) => [...names.keys()]))
  const indexed = new Map<string, Between | null>()

  return ({ case: id, before, after }, changelog) => {
    const [from, to, own] = [kernel.get(before), kernel.get(after), named.get(id)]
    if (!from || !to || !own || changelog === null || 'unavailable' in changelog) return null
    const find = (): BoundaryEntries | null => {
      const pair = `${before} ${after}`
      const between = indexed.get(pair) ?? indexOf(entriesAfter(from, to, changelog), wanted)
      indexed.set(pair, between)
      return between && { source: `linux (${changelog.build})`, ...nearestOf(own.theCase, own.names, between) }
    }
    const { fixes, claim, subsystem } = own.theCase
    if (changelog.fingerprint === undefined) return find()
    const of = [changelog.fingerprint, changelog.build, from.build, from.version, to.build, to.version, to.series]
    return known([...of, id, subsystem, fixes, claim.subjects], find)
  }
}

/** The entries nearest to the fix of a case, and how many more concern it. */
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
  const weighed = [...new Set(near)].map((one) => {
    const other = one.entry.cve.some((name) => cves.includes(name)) ? ('cve' as const) : ('names' as const)
    const about = own.has(one.key) ? ACTIONS[one.does] : other
    const shared = one.words.reduce((sum, word) => sum + (names.get(word) ?? 0), 0)
    return { ...one, about, weight: WEIGHTS[about] + shared }
  })
  // Entries of equal weight stay in the order of the commits.
  const nearest = weighed.toSorted((a, b) => b.weight - a.weight || a.index - b.index)
  return {
    listed: nearest.slice(0, MAX_ENTRIES).map(({ entry, about }): BoundaryEntry => ({ ...entry, about })),
    more: Math.max(0, nearest.length - MAX_ENTRIES),
  }
}

const WEIGHTS: Readonly<Record<BoundaryEntry['about'], number>> = { fix: 3000, revert: 2000, cve: 1000, names: 0 }

/** All entries after one kernel up to the other, oldest first; null where the changelog does not contain the later one. */
function entriesAfter(from: Kernel, to: Kernel, { versions, at }: ParsedChangelog): Entry[] | null {
  const newest = at.get(to.build)
  if (newest === undefined) return null
  const oldest = at.get(from.build)
  const isBetween = (position: number): boolean => position >= newest && (oldest === undefined || position < oldest)
  const own = versions.filter(({ series }, position) => series === to.series && isBetween(position))
  const entries = own.toReversed().flatMap((version) => version.entries)
  if (oldest !== undefined) return entries
  // The earlier kernel is of another suite: its package version is not here, but the stable releases show what it had.
  const releases = [...new Set(own.flatMap((version) => version.releases))]
  const later = new Set(releases.filter((one) => seriesOf(one) === to.series && compareVersions(one, from.version) > 0))
  return entries.filter(({ release }) => release !== null && later.has(release))
}

const ACTIONS = { applies: 'fix', reverts: 'revert' } as const

interface IndexedEntry {
  readonly entry: Entry
  /** In the order of the commits. */
  readonly index: number
  /** subjectKey of its commit. */
  readonly key: string
  readonly does: keyof typeof ACTIONS
  /** Words of the subject that name a case, each once. */
  readonly words: readonly string[]
}

/** The entries between two kernels, indexed by what a case knows: the subject of a commit, a CVE, a name. */
interface Between {
  readonly byKey: ReadonlyMap<string, readonly IndexedEntry[]>
  readonly byCve: ReadonlyMap<string, readonly IndexedEntry[]>
  readonly byWord: ReadonlyMap<string, readonly IndexedEntry[]>
}

/** Index the entries; of thousands of words only the `wanted` ones stay. */
function indexOf(entries: readonly Entry[] | null, wanted: ReadonlySet<string>): Between | null {
  if (entries === null) return null
  const indexed = entries.map((entry, index): IndexedEntry => {
    const { subject, does } = entryActionOf(entry.subject)
    const words = wordsOf(entry.subject).filter((word) => wanted.has(word))
    return { entry, index, key: subjectKey(subject), does, words: [...new Set(words)] }
  })
  return {
    byKey: groupBy(indexed, ({ key }) => [key]),
    byCve: groupBy(indexed, ({ entry }) => entry.cve),
    byWord: groupBy(indexed, ({ words }) => words),
  }
}

function groupBy(
  entries: readonly IndexedEntry[],
  keysOf: (entry: IndexedEntry) => readonly string[],
): Map<string, IndexedEntry[]> {
  const groups = new Map<string, IndexedEntry[]>()
  for (const entry of entries) {
    for (const key of keysOf(entry)) {
      const group = groups.get(key)
      if (group) group.push(entry)
      else groups.set(key, [entry])
    }
  }
  return groups
}

/** The names of a case with weights: its subsystem, and of each fix the prefix of its subject and its identifiers. */
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
