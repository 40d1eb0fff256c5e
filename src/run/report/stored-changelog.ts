/** A stored changelog, read for the cases of a report. What it says of them is known until rules, cases or text change. */
import { readChangelog, type VersionEntries } from '#analysis/claims/changelog.ts'
import { parseChangelogMentions, subjectsOf, type ParsedChangelog } from '#analysis/claims/from-changelog.ts'
import type { KnownEntries } from '#analysis/matrix/boundary-changelog.ts'
import type { BoundaryEntries } from '#domain/report/matrix.ts'
import type { PlanCommon } from '#plan/plan.ts'
import { changelogSchema, entriesSchema } from '#schema/report/findings.ts'
import type { ReadRuns } from '#store/ports.ts'
import type { Derived } from './derived.ts'

export interface ReadChangelog extends ParsedChangelog {
  readonly fingerprint: string
}

interface Wanted extends Pick<PlanCommon, 'cases'> {
  readonly sha256: string
  /** Series of the kernels that it serves, sorted. */
  readonly series: readonly string[]
}

/** The changelog with this hash; null when it is missing or not as it was stored. All its entries are read only on demand. */
export function readStoredChangelog(
  store: Pick<ReadRuns, 'changelogNow' | 'changelogFingerprint'>,
  derived: Derived,
  { sha256, series, cases }: Wanted,
): ReadChangelog | null {
  const stored = store.changelogFingerprint(sha256)
  if (stored === null) return null
  const parts = [stored, sha256, series, cases.map((theCase) => subjectsOf(theCase))]
  const fingerprint = JSON.stringify([stored, sha256, series])
  const readAll = (): VersionEntries[] | null => {
    const text = store.changelogNow(sha256)
    return text === null ? null : readChangelog(text, (name) => series.includes(name))
  }
  const known = derived.read('changelog', parts, changelogSchema)
  if (known === null) {
    const versions = readAll()
    if (versions === null) return null
    const parsed = parseChangelogMentions(versions, cases)
    derived.keep('changelog', parts, {
      versions: versions.map((version) => [version.build, version.series]),
      mentions: [...parsed.mentions],
      lists: [...parsed.lists],
    })
    return { ...parsed, fingerprint }
  }
  let versions: readonly VersionEntries[] | null = null
  return {
    get versions() {
      return (versions ??= readAll() ?? [])
    },
    series: known.versions.map(([, name]) => name),
    at: new Map(known.versions.map(([build], position) => [build, position])),
    mentions: new Map(known.mentions),
    lists: new Map(known.lists),
    fingerprint,
  }
}

/** What is known of the entries at boundaries; new ones are kept. */
export function knownEntries(derived: Derived): KnownEntries {
  return (parts, make) => {
    const known = derived.read('entries', parts, entriesSchema)
    if (known !== null) return known.entries
    const entries: BoundaryEntries | null = make()
    derived.keep('entries', parts, { entries })
    return entries
  }
}
