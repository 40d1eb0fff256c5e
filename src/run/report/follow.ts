/** Follows a run that is under way: which of its results new attempts have changed since the last look. */
import { buildReport } from '#analysis/matrix/report.ts'
import type { Report, ReportCell } from '#domain/report/matrix.ts'
import { cellKey, cellsOf, createCaseFinder } from '#plan/cells.ts'
import { controlsOf } from '#plan/plan.ts'
import { planOf } from '#plan/stored-plan.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import type { AttemptRecord, ReadRuns } from '#store/ports.ts'
import { judgeCells, reportKernels, type StoredJudged } from './build-report.ts'
import { readClaimSources } from './claim-sources.ts'
import { createStoredJudge, judgedAttemptIn } from './stored-attempts.ts'

/** What a look at a run brought. */
export interface Followed {
  /** The results that changed, as a report has them; boundaries and timelines come with the whole report. */
  readonly report: Pick<Report, 'kernels' | 'cases'> & { readonly cells: readonly ReportCell[] }
  /** Results with an attempt, and those of the plan. */
  readonly done: number
  readonly total: number
  /** Nobody is at the run any more. */
  readonly isOver: boolean
}

/**
 * A follower of a run: each look brings what changed since the one before, the first one what changed behind the attempt `from`
 * (a `last` of the store; 0 for all that the run made).
 */
export async function createFollower(store: ReadRuns, id: string, from: number): Promise<() => Promise<Followed>> {
  const plan = planOf(await store.readRun(id))
  const all = new Map(cellsOf(plan).map((cell) => [cellKey(cell), cell]))
  const caseOf = createCaseFinder(plan)
  const judged = new Map<string, StoredJudged[]>()
  const byCell = new Map<string, JudgedAttempt[]>()
  const reused = (await store.attemptsOf(id)).attempts.filter(({ run }) => run !== id)
  const done = new Set(reused.map(({ evidence: { job } }) => `${job.kernel}/${job.case}`))
  let at = from
  await take((await store.attemptsAfter(id, 0, from)).attempts)
  return look

  /** Judge attempts; returns the results that they are of. */
  async function take(attempts: readonly AttemptRecord[]): Promise<Set<string>> {
    const changed = new Set<string>()
    const { judge, keep } = await createStoredJudge(store)
    for (const record of attempts) {
      const { job } = record.evidence
      const [theCase, key] = [caseOf(job.kernel, job.case), `${job.kernel}/${job.case}`]
      const stored = theCase && all.has(key) ? await judge(record, theCase) : null
      if (!stored?.judged) continue
      judged.set(key, [...(judged.get(key) ?? []), { record, judged: stored.judged }])
      byCell.set(key, [...(byCell.get(key) ?? []), judgedAttemptIn(id, record, stored.judged.judgement)])
      changed.add(key)
      done.add(key)
    }
    keep()
    return changed
  }

  async function look(): Promise<Followed> {
    const run = await store.readRun(id)
    const { attempts, last } = await store.attemptsAfter(id, at)
    at = last
    const changed = await take(attempts)
    const cells = [...changed].flatMap((key) => all.get(key) ?? [])
    const [kernelIds, caseIds] = [new Set(cells.map(({ kernel }) => kernel.id)), new Set(cells.map((cell) => cell.case.id))]
    const part = {
      ...plan,
      kernels: plan.kernels.filter((kernel) => kernelIds.has(kernel.id)),
      cases: plan.cases.filter((theCase) => caseIds.has(theCase.id)),
    }
    const report = buildReport({
      run: { id, startedAt: run.startedAt, complete: false, seed: plan.seed, host: run.host },
      kernels: cells.length === 0 ? [] : await reportKernels(store, part, attempts),
      cases: part.cases,
      controls: controlsOf(plan),
      cells: judgeCells(store, plan, { judged, byCell, run: id }, cells),
      claimSources: cells.length === 0 ? new Map() : (await readClaimSources(store, id, part)).sources,
    })
    return { report, done: done.size, total: all.size, isOver: run.finishedAt !== null || run.owner === null }
  }
}
