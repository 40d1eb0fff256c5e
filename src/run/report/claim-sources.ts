/** The stored claim sources of a run, read for a report. */
import type { KernelClaimSources } from '#analysis/claims/claim.ts'
import type { ChangelogSource, GitTreeSource, UnavailableSource, ClaimSources } from '#domain/claim-sources.ts'
import type { ReadRuns, StoreProblem } from '#store/ports.ts'
import type { PlanCommon } from '#plan/plan.ts'
import { openDerived } from './derived.ts'
import { readStoredChangelog, type ReadChangelog } from './stored-changelog.ts'

export interface ReadClaimSources {
  /** By kernel id. */
  readonly sources: ReadonlyMap<string, KernelClaimSources>
  readonly problems: readonly StoreProblem[]
}

/** Read the stored claim sources of a run for a report of its cases. `gitTreeSources` replace the stored ones. */
export async function readClaimSources(
  store: ReadRuns,
  run: string,
  { kernels, cases }: Pick<PlanCommon, 'kernels' | 'cases'>,
  gitTreeSources: ReadonlyMap<string, GitTreeSource | UnavailableSource> = new Map(),
): Promise<ReadClaimSources> {
  const kept = new Map((await store.claimSourcesOf(run)).map((one) => [one.kernel, one]))
  const changelogs = new Map<string, ChangelogSource>()
  const series = new Map<string, Set<string>>()
  for (const kernel of kernels) {
    const changelog = kept.get(kernel.id)?.changelog
    if (!changelog || 'unavailable' in changelog) continue
    changelogs.set(changelog.sha256, changelog)
    series.set(changelog.sha256, (series.get(changelog.sha256) ?? new Set()).add(kernel.series))
  }
  const read = new Map<string, ReadChangelog>()
  const problems: StoreProblem[] = []
  const derived = await openDerived(store.derived)
  for (const [sha256, { build }] of changelogs) {
    const found = readStoredChangelog(store, derived, { sha256, series: [...(series.get(sha256) ?? [])].toSorted(), cases })
    if (found === null) problems.push({ attempt: `changelog of linux ${build}`, message: 'missing or not as it was stored' })
    else read.set(sha256, found)
  }
  derived.flush()
  const sources = kernels.map(({ id }): [string, KernelClaimSources] => {
    const changelog = kept.get(id)?.changelog ?? null
    return [id, { changelog: changelogAsRead(changelog, read), gitTree: gitTreeSources.get(id) ?? kept.get(id)?.gitTree ?? null }]
  })
  return { sources: new Map(sources), problems }
}

function changelogAsRead(
  changelog: ClaimSources['changelog'],
  read: ReadonlyMap<string, ReadChangelog>,
): KernelClaimSources['changelog'] {
  if (changelog === null || 'unavailable' in changelog) return changelog
  const parsed = read.get(changelog.sha256)
  if (!parsed) return { unavailable: 'the stored copy is damaged' }
  const { series, at, mentions, lists, fingerprint } = parsed
  const { build, instead, origin } = changelog
  // A spread would read all of its entries.
  return {
    get versions() {
      return parsed.versions
    },
    series,
    at,
    mentions,
    lists,
    fingerprint,
    build,
    instead,
    ...(origin === undefined ? {} : { origin }),
  }
}
