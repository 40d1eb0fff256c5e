/** What a night removes at its end. */
import { findWorkspace } from '#harness/support/workspace.ts'
import type { NightlyConfig } from '#schema/nightly/config.ts'
import { openStore } from '#store/index.ts'
import { pruneCache } from '../commands/retention/cache.ts'
import { limitsOf } from '../commands/retention/limits.ts'
import { removeBeyond } from '../commands/retention/runs.ts'
import { given, readDuration, readSize } from '../options/values.ts'
import { readState, type Places } from './state.ts'

type Limits = NonNullable<NightlyConfig['retention']['runs']>

const parse = ({ olderThan, keep, maxSize }: Limits) =>
  limitsOf({
    keep,
    ...given({
      olderThan: olderThan === undefined ? undefined : readDuration(olderThan),
      maxSize: maxSize === undefined ? undefined : readSize(maxSize),
    }),
  })

/** Remove runs and entries of the cache that are beyond their limits. The run that the next night is compared with stays. */
export async function applyRetention({ runs, cache }: NightlyConfig['retention'], places: Places): Promise<void> {
  const [ofRuns, ofCache] = [runs && parse(runs), cache && parse(cache)]
  const workspace = findWorkspace()
  if (ofRuns) {
    const last = (await readState(places))?.earlier[0]
    const store = await openStore(workspace.state)
    try {
      const gone = await removeBeyond(store, ofRuns, new Set(last === undefined ? [] : [last]))
      if (gone.length > 0) console.error(`kwitness: removed ${gone.length} runs: ${gone.map(({ name }) => name).join(', ')}`)
    } finally {
      store.close()
    }
  }
  if (ofCache) {
    const { removed } = await pruneCache(workspace, ofCache)
    if (removed.length > 0) console.error(`kwitness: removed ${removed.length} entries of the cache`)
  }
}
