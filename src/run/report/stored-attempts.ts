/** Stored attempts, judged by today's rules from the logs in the store. */
import type { Case } from '#domain/case.ts'
import type { AttemptJudgement } from '#domain/judgement.ts'
import type { AttemptRecord, ReadRuns, StoreProblem } from '#store/ports.ts'
import { judgedAttemptsOf, type JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import type { PlanCommon } from '#plan/plan.ts'
import { judgeLogs, type AttemptReading } from './judge-attempt.ts'

export interface StoredAttempt {
  /** Null when a log is missing or damaged: such an attempt does not count. */
  readonly judged: AttemptReading | null
  readonly problems: readonly StoreProblem[]
}

/** Read an attempt's logs from the store and judge it. */
export async function judgeStored(store: ReadRuns, record: AttemptRecord, theCase: Case): Promise<StoredAttempt> {
  const { console, output, schedule, problems } = await store.readLogs(record)
  return { judged: console && output ? judgeLogs(record.evidence, { console, output, schedule }, theCase) : null, problems }
}

/** An attempt of a run as the judge of its cell sees it. */
export function judgedAttemptIn(run: string, record: AttemptRecord, judgement: AttemptJudgement): JudgedAttempt {
  const judged = judgedAttemptsOf(record.evidence, judgement)
  return record.run === run ? judged : { ...judged, isReused: true }
}

/** Every attempt of a run so far, judged, by cellKey, in the order they were made. Damaged ones are left out. */
export async function judgedAttemptsOfRun(
  store: ReadRuns,
  run: string,
  plan: Pick<PlanCommon, 'cases'>,
): Promise<Map<string, JudgedAttempt[]>> {
  const cases = new Map(plan.cases.map((theCase) => [theCase.id, theCase]))
  const byCell = new Map<string, JudgedAttempt[]>()
  for (const attempt of (await store.attemptsOf(run)).attempts) {
    const { job } = attempt.evidence
    const theCase = cases.get(job.case)
    const stored = theCase ? await judgeStored(store, attempt, theCase) : null
    if (!stored?.judged) continue
    const key = `${job.kernel}/${job.case}`
    byCell.set(key, [...(byCell.get(key) ?? []), judgedAttemptIn(run, attempt, stored.judged.judgement)])
  }
  return byCell
}
