/** The paperwork of a run: brought while guests run, kept with it, read anew for each report. */
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { readGitTreeSources } from '#harness/git-history.ts'
import { findChangelogs, type FoundChangelog, type KernelContext } from '#harness/kernels/index.ts'
import { readChangelog } from '#analysis/claims/changelog.ts'
import { parseChangelogMentions, type ParsedChangelog } from '#analysis/claims/from-changelog.ts'
import type { KernelClaimSources } from '#analysis/claims/claim.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import type { ChangelogSource, GitTreeSource, UnavailableSource, ClaimSources } from '#domain/claim-sources.ts'
import type { ReadRuns, Store, StoreProblem } from '#store/ports.ts'
import type { PlanCommon } from '#plan/plan.ts'

export interface ClaimSourceRequest {
  readonly plan: Pick<PlanCommon, 'kernels' | 'cases'>
  readonly run: string
  readonly store: Store
  readonly kernels: KernelContext
  /** Folder of a git tree to ask as well. */
  readonly gitTree?: string
}

/**
 * Bring what is written about the kernels of a run and keep it with the run. A paper that cannot be had is kept as the reason
 * why: nobody's run fails for it. Throws UserError for a --git-tree that is no whole git tree, and what the store throws.
 */
export async function fetchClaimSources({ plan, run, store, kernels: context, gitTree }: ClaimSourceRequest): Promise<void> {
  const known = new Map((await store.claimSourcesOf(run)).map((papers) => [papers.kernel, papers]))
  const histories = gitTree === undefined ? null : await gitTreeSourcesOf(gitTree, plan, context)
  const lacking = plan.kernels.filter(({ id }) => isLacking(known.get(id)?.changelog))
  const found = lacking.length > 0 ? await findAll(lacking, context) : new Map<string, FoundChangelog | UnavailableSource>()
  const changelogs = new Map<string, Uint8Array>()
  const papers: ClaimSources[] = []
  for (const { id } of plan.kernels) {
    const own = known.get(id)
    const changelog = found.has(id) ? await keepable(found.get(id), changelogs, store) : (own?.changelog ?? null)
    papers.push({ kernel: id, changelog, gitTree: histories?.get(id) ?? own?.gitTree ?? null })
  }
  await store.recordClaimSources(run, papers, changelogs)
}

function isLacking(changelog: ClaimSources['changelog'] | undefined): boolean {
  return !changelog || 'unavailable' in changelog
}

/** Find changelogs; where that fails as a whole, every kernel has the reason. */
async function findAll(
  kernels: PlanCommon['kernels'],
  context: KernelContext,
): Promise<ReadonlyMap<string, FoundChangelog | UnavailableSource>> {
  try {
    return await findChangelogs(kernels, context)
  } catch (error) {
    context.signal?.throwIfAborted()
    if (!(error instanceof InfraError || error instanceof UserError)) throw error
    return new Map(kernels.map(({ id }) => [id, { unavailable: error.message }]))
  }
}

/** A found changelog as it is kept: its text goes into `changelogs` unless the store has it. */
async function keepable(
  found: FoundChangelog | UnavailableSource | undefined,
  changelogs: Map<string, Uint8Array>,
  store: Store,
): Promise<ClaimSources['changelog']> {
  if (found === undefined || 'unavailable' in found) return found ?? null
  const { sha256, build, instead, path } = found
  if (!changelogs.has(sha256) && !(await store.hasChangelog(sha256))) {
    const gzip = await readFile(path).catch(() => null)
    // Another kwitness may have put a newer one in its place just now.
    if (gzip === null) return { unavailable: 'the changelog went from the cache before it was kept' }
    changelogs.set(sha256, await promisify(gunzip)(gzip))
  }
  return { sha256, build, instead }
}

/** What a git tree says of every fix of a plan at each of its kernels. Throws UserError for what is no whole git tree. */
export function gitTreeSourcesOf(
  folder: string,
  { kernels, cases }: Pick<PlanCommon, 'kernels' | 'cases'>,
  context: Pick<KernelContext, 'workspace' | 'signal'>,
): Promise<ReadonlyMap<string, GitTreeSource | UnavailableSource>> {
  const fixes = cases.flatMap((theCase) => theCase.fixes)
  return readGitTreeSources(folder, kernels, fixes, context)
}

export interface ReadClaimSources {
  readonly papers: ReadonlyMap<string, KernelClaimSources>
  readonly problems: readonly StoreProblem[]
}

/** Read the kept papers of a run for a report of its cases. `histories` stand in for those that were kept. */
export async function readClaimSources(
  store: ReadRuns,
  run: string,
  { kernels, cases }: Pick<PlanCommon, 'kernels' | 'cases'>,
  histories: ReadonlyMap<string, GitTreeSource | UnavailableSource> = new Map(),
): Promise<ReadClaimSources> {
  const kept = new Map((await store.claimSourcesOf(run)).map((papers) => [papers.kernel, papers]))
  const sources = new Map<string, ChangelogSource>()
  const series = new Map<string, Set<string>>()
  for (const kernel of kernels) {
    const changelog = kept.get(kernel.id)?.changelog
    if (!changelog || 'unavailable' in changelog) continue
    sources.set(changelog.sha256, changelog)
    series.set(changelog.sha256, (series.get(changelog.sha256) ?? new Set()).add(kernel.series))
  }
  const read = new Map<string, ParsedChangelog>()
  const problems: StoreProblem[] = []
  for (const [sha256, { build }] of sources) {
    const text = await store.changelog(sha256)
    if (text === null) problems.push({ attempt: `changelog of linux ${build}`, message: 'missing or not as it was stored' })
    else
      read.set(
        sha256,
        parseChangelogMentions(
          readChangelog(text, (name) => series.get(sha256)?.has(name) === true),
          cases,
        ),
      )
  }
  const papers = kernels.map(({ id }): [string, KernelClaimSources] => {
    const changelog = kept.get(id)?.changelog ?? null
    return [id, { changelog: changelogAsRead(changelog, read), gitTree: histories.get(id) ?? kept.get(id)?.gitTree ?? null }]
  })
  return { papers: new Map(papers), problems }
}

function changelogAsRead(
  changelog: ClaimSources['changelog'],
  read: ReadonlyMap<string, ParsedChangelog>,
): KernelClaimSources['changelog'] {
  if (changelog === null || 'unavailable' in changelog) return changelog
  const paper = read.get(changelog.sha256)
  if (!paper) return { unavailable: 'what was kept of it is damaged' }
  return { ...paper, build: changelog.build, instead: changelog.instead }
}
