/** Cases held against the package changelogs in the cache, without a run. */
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { knownChangelogs, type KernelContext } from '#harness/kernels/index.ts'
import { readChangelog } from '#analysis/claims/changelog.ts'
import { contradictionsIn, type NamedChangelog } from '#analysis/claims/case-contradictions.ts'
import { parseChangelogMentions } from '#analysis/claims/from-changelog.ts'
import type { Case } from '#domain/case.ts'
import type { CaseContradiction } from '#domain/report/matrix.ts'

/** By case id: what the changelogs in the cache contradict in its case.json, in series order. Damaged changelogs say nothing. */
export async function knownContradictions(
  cases: readonly Case[],
  context: Pick<KernelContext, 'workspace'>,
): Promise<ReadonlyMap<string, readonly CaseContradiction[]>> {
  const changelogs: NamedChangelog[] = []
  for (const { path, build } of await knownChangelogs(context)) {
    const text = await readFile(path)
      .then((gzip) => promisify(gunzip)(gzip))
      .catch(() => null)
    if (text === null) continue
    changelogs.push({ ...parseChangelogMentions(readChangelog(text.toString('utf8')), cases), build })
  }
  return new Map(cases.map((theCase) => [theCase.id, contradictionsIn(theCase, changelogs)]))
}
