/** What the changelog between the two kernels of a boundary says about the names of the fix. */
import type { Case } from '../domain/case.ts'
import type { Kernel } from '../domain/kernel.ts'
import type { NoPaper } from '../domain/paperwork.ts'
import type { BoundaryEntries, BoundaryEntry } from '../domain/report.ts'
import { compareVersions, seriesOf } from '../domain/version.ts'
import type { Flip } from './boundary.ts'
import { deedOf, subjectKey, type Entry } from './changelog.ts'
import type { KernelPaper, ReadPaper } from './changelog-claim.ts'

/** Entries shown beside one boundary. */
const MOST_ENTRIES = 12

/** Words of a subject or a subsystem that so much shares that they name nothing. */
const COMMON = new Set(['mm', 'fs', 'net', 'kernel', 'the', 'and', 'for', 'drivers', 'include', 'lib'])

/** The entries between a boundary's kernels that are about its fix, nearest first; null where no changelog tells of both. */
export function entriesBetween(
  { case: id, before, after }: Pick<Flip, 'case' | 'before' | 'after'>,
  kernels: readonly Kernel[],
  cases: readonly Case[],
  paper: KernelPaper | NoPaper | null
): BoundaryEntries | null {
  const [from, to] = [before, after].map((name) => kernels.find((kernel) => kernel.id === name))
  const theCase = cases.find((one) => one.id === id)
  if (!from || !to || !theCase || paper === null || 'missing' in paper) return null
  const between = entriesAfter(from, to, paper)
  if (between === null) return null
  const names = namesOf(theCase)
  const own = new Set([...theCase.fixes.map((fix) => fix.subject), ...theCase.claim.subjects].map(subjectKey))
  const cves = new Set(theCase.fixes.flatMap(({ cve }) => cve))
  const weighed = between.flatMap((entry) => {
    const { key, does, words } = gistOf(entry)
    const other = entry.cve.some((name) => cves.has(name)) ? ('cve' as const) : ('names' as const)
    const about = own.has(key) ? DEEDS[does] : other
    const shared = words.reduce((sum, word) => sum + (names.get(word) ?? 0), 0)
    return about === 'names' && shared === 0 ? [] : [{ entry, about, weight: WEIGHTS[about] + shared }]
  })
  // The sort is stable: of equal weight, the order of the commits stays.
  const nearest = weighed.toSorted((a, b) => b.weight - a.weight)
  return {
    source: `linux (${paper.build})`,
    listed: nearest.slice(0, MOST_ENTRIES).map(({ entry, about }): BoundaryEntry => ({ ...entry, about })),
    more: Math.max(0, nearest.length - MOST_ENTRIES)
  }
}

const WEIGHTS: Readonly<Record<BoundaryEntry['about'], number>> = { fix: 3000, revert: 2000, cve: 1000, names: 0 }

/** All that came in behind one kernel up to the other, oldest first; null where the changelog does not reach either. */
function entriesAfter(from: Kernel, to: Kernel, { stanzas, at }: ReadPaper): Entry[] | null {
  const newest = at.get(to.build)
  if (newest === undefined) return null
  const oldest = at.get(from.build)
  const isBetween = (place: number): boolean => place >= newest && (oldest === undefined || place < oldest)
  const own = stanzas.filter(({ series }, place) => series === to.series && isBetween(place))
  const entries = own.toReversed().flatMap((stanza) => stanza.entries)
  if (oldest !== undefined) return entries
  // The earlier kernel is of another suite: its own stanza is not here, but the releases tell what it had.
  return entries.filter(({ release }) =>
    release !== null && seriesOf(release) === to.series && compareVersions(release, from.version) > 0)
}

const DEEDS = { applies: 'fix', reverts: 'revert' } as const

interface Gist {
  readonly key: string
  readonly does: keyof typeof DEEDS
  /** Each word of the subject once. */
  readonly words: readonly string[]
}

/** Many cases change at one pair of kernels, between which lie thousands of entries: each is read once. */
const gists = new WeakMap<Entry, Gist>()

function gistOf(entry: Entry): Gist {
  const known = gists.get(entry)
  if (known) return known
  const { subject, does } = deedOf(entry.subject)
  const gist: Gist = { key: subjectKey(subject), does, words: [...new Set(wordsOf(entry.subject))] }
  gists.set(entry, gist)
  return gist
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
    add(wordsOf(subject).filter((word) => word.includes('_')), 4)
  }
  return names
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9_]+/g) ?? []
}
