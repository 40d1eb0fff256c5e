/** The claim sources of a run: fetched while guests run, and stored with it. */
import { readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { readGitTreeSources } from '#harness/git-history.ts'
import { findChangelogs, type FoundChangelog, type KernelContext } from '#harness/kernels/index.ts'
import { InfraError, UserError } from '#domain/errors.ts'
import { whenUnreadable } from '#harness/support/workspace.ts'
import type { GitTreeSource, UnavailableSource, ClaimSources } from '#domain/claim-sources.ts'
import type { Store } from '#store/ports.ts'
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
 * Fetch the claim sources of the kernels of a run and store them with the run. Of an unavailable one the reason is stored, and
 * the run goes on. Throws UserError for a --git-tree that is not a complete git tree, and what the store throws.
 */
export async function fetchClaimSources({ plan, run, store, kernels: context, gitTree }: ClaimSourceRequest): Promise<void> {
  const known = new Map((await store.claimSourcesOf(run)).map((sources) => [sources.kernel, sources]))
  const gitTreeSources = gitTree === undefined ? null : await gitTreeSourcesOf(gitTree, plan, context)
  const toFind = plan.kernels.filter(({ id }) => isToFind(known.get(id)?.changelog))
  const found = toFind.length > 0 ? await findAll(toFind, context) : new Map<string, FoundChangelog | UnavailableSource>()
  const changelogs = new Map<string, Uint8Array>()
  const sources: ClaimSources[] = []
  for (const { id } of plan.kernels) {
    const own = known.get(id)
    const changelog = found.has(id) ? await storable(found.get(id), changelogs, store) : (own?.changelog ?? null)
    sources.push({ kernel: id, changelog, gitTree: gitTreeSources?.get(id) ?? own?.gitTree ?? null })
  }
  await store.recordClaimSources(run, sources, changelogs)
}

function isToFind(changelog: ClaimSources['changelog'] | undefined): boolean {
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

/** A found changelog as it is stored: its text goes into `changelogs` unless the store has it. */
async function storable(
  found: FoundChangelog | UnavailableSource | undefined,
  changelogs: Map<string, Uint8Array>,
  store: Store,
): Promise<ClaimSources['changelog']> {
  if (found === undefined || 'unavailable' in found) return found ?? null
  const { sha256, build, instead, path } = found
  if (!changelogs.has(sha256) && !(await store.hasChangelog(sha256))) {
    const gzip = await readFile(path).catch(whenUnreadable(null))
    // Another kwitness may have replaced it by a newer one just now.
    if (gzip === null) return { unavailable: 'the changelog left the cache before it was stored' }
    const text = await promisify(gunzip)(gzip).catch(() => null)
    if (text === null) {
      await rm(dirname(path), { recursive: true, force: true })
      return { unavailable: 'the cached changelog was damaged; the next run fetches it again' }
    }
    changelogs.set(sha256, text)
  }
  return { sha256, build, instead }
}

/** What a git tree says of every fix of a plan at each of its kernels. Throws UserError for an incomplete git tree. */
export function gitTreeSourcesOf(
  folder: string,
  { kernels, cases }: Pick<PlanCommon, 'kernels' | 'cases'>,
  context: Pick<KernelContext, 'workspace' | 'signal'>,
): Promise<ReadonlyMap<string, GitTreeSource | UnavailableSource>> {
  const fixes = cases.flatMap((theCase) => theCase.fixes)
  return readGitTreeSources(folder, kernels, fixes, context)
}
