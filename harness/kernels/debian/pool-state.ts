/** Which listed files the pool does not have any more. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { poolAnswersSchema, type PoolAnswers } from '#schema/cache/debian.ts'
import { readJsonCache } from '#harness/support/json-cache.ts'
import { replaceFile } from '#harness/support/workspace.ts'
import type { AptRoot } from './archive/root.ts'
import { archiveOf } from './archive/choose.ts'
import type { PoolState } from './archive/contract.ts'
import { reportProgress, type KernelContext } from '../provider/provider.ts'

const MAX_ANSWER_AGE_MS = 24 * 3600 * 1000

/**
 * The state of each URI, asked at most once a day. A network error leaves the state that was known before, or `unknown`. A URI
 * that `isReachable` rejects is not asked about.
 */
export async function poolStates(
  root: AptRoot,
  uris: readonly string[],
  isReachable: (uri: string) => boolean,
  context: KernelContext,
): Promise<Map<string, PoolState>> {
  const file = join(root.folder, 'pool.json')
  const known: Record<string, PoolAnswers[string]> = { ...(await readJsonCache(file, poolAnswersSchema)) }
  const fresh = (uri: string) => {
    const at = Date.parse(known[uri]?.at ?? '')
    const age = Date.now() - at
    return age >= 0 && age < MAX_ANSWER_AGE_MS && at >= (context.freshAfter ?? 0)
  }
  const asked = uris.filter((uri) => !fresh(uri) && isReachable(uri))
  if (asked.length > 0) {
    if (asked.length > 1) reportProgress(context, null, `asking the pool whether it still has ${asked.length} packages`)
    const at = new Date().toISOString()
    const folder = await mkdtemp(join(root.folder, 'asking-'))
    const archive = await archiveOf(context)
    const answers = await archive.ask(root, asked, folder, context).finally(() => rm(folder, { recursive: true, force: true }))
    for (const [uri, state] of answers) if (state !== 'unknown') known[uri] = { gone: state === 'gone', at }
    // Another process may have written in between: answers lost to this write are asked for again.
    await replaceFile(file, JSON.stringify(known))
  }
  return new Map(uris.map((uri) => [uri, known[uri] === undefined ? 'unknown' : known[uri].gone ? 'gone' : 'present']))
}
