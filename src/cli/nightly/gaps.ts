/** The gaps of a stored run. */
import { gapsOf } from '#analysis/gaps.ts'
import { UserError } from '#domain/errors.ts'
import type { GapReport } from '#domain/report/gaps.ts'
import { planOf } from '#plan/stored-plan.ts'
import { withSeverity } from '#run/gaps/severity.ts'
import { withVerified } from '#run/gaps/verified.ts'
import { loadNamed } from '../output/named-report.ts'
import { tellSkipped } from '../output/problems.ts'
import { withStore } from '../output/stored-report.ts'

/**
 * The gaps of a run by its name, with the severities of a source (a path) where one is given. Throws UserError where there is no
 * such run, where it has no kernel to speak of, and for a source that cannot be read.
 */
export async function loadGaps(
  name: string,
  series: readonly string[] | undefined,
  severity: string | undefined,
): Promise<GapReport> {
  const report = await loadNamed(name)
  const gaps = await withStore(async (store) => {
    const { cases, listing } = planOf(await store.readRun(report.run.id))
    return withVerified(gapsOf(report, { cases, listing, series }), store, tellSkipped)
  })
  if (gaps.kernels.length > 0) return severity === undefined ? gaps : withSeverity(gaps, severity)
  throw new UserError(
    `run ${report.run.id} has no kernel of ${series === undefined ? 'a supported series' : series.join(', ')}`,
    'kwitness run --kernels series asks the newest kernel of each',
  )
}
