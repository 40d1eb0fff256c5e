/** Stored attempts, judged by today's rules from the logs in the store. What that came to is known until rules or logs change. */
import type { Case } from '#domain/case.ts'
import type { AttemptJudgement } from '#domain/judgement.ts'
import { findingsSchema } from '#schema/report/findings.ts'
import type { AttemptRecord, ReadRuns, StoreProblem } from '#store/ports.ts'
import { judgedAttemptsOf, type JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import type { PlanCommon } from '#plan/plan.ts'
import { openDerived } from './derived.ts'
import { judgeLogs, type AttemptReading } from './judge-attempt.ts'
import { findingsOf, type AttemptFindings } from './report-attempt.ts'

export interface StoredAttempt<T> {
  /** Null when a log is missing or damaged: such an attempt does not count. */
  readonly judged: T | null
  readonly problems: readonly StoreProblem[]
}

/** Read an attempt's logs from the store and judge it. */
export async function judgeStored(store: ReadRuns, record: AttemptRecord, theCase: Case): Promise<StoredAttempt<AttemptReading>> {
  const { console, output, schedule, problems } = await store.readLogs(record)
  return { judged: console && output ? judgeLogs(record.evidence, { console, output, schedule }, theCase) : null, problems }
}

/** Judges stored attempts, or finds what was known of them. */
export interface StoredJudge {
  readonly judge: (record: AttemptRecord, theCase: Case) => Promise<StoredAttempt<AttemptFindings>>
  /** Keep what was found out, for the next reader. */
  readonly keep: () => void
}

/** A judge of the attempts in a store. */
export async function createStoredJudge(store: ReadRuns): Promise<StoredJudge> {
  const derived = await openDerived(store.derived)
  const rules = new Map<Case, string>()
  const rulesOf = (theCase: Case): string => {
    const { folder: _, ...rest } = theCase
    const known = rules.get(theCase) ?? JSON.stringify(rest)
    rules.set(theCase, known)
    return known
  }
  return {
    judge: async (record, theCase) => {
      const fingerprint = store.fingerprintOf(record)
      const parts = [fingerprint, record.evidence, rulesOf(theCase)]
      const known = fingerprint === null ? null : derived.read('attempt', parts, findingsSchema)
      if (known !== null) return { judged: known, problems: [] }
      const { judged, problems } = await judgeStored(store, record, theCase)
      if (judged === null) return { judged, problems }
      const findings = findingsOf(judged)
      if (problems.length === 0) derived.keep('attempt', parts, findings)
      return { judged: findings, problems }
    },
    keep: derived.flush,
  }
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
  const { judge, keep } = await createStoredJudge(store)
  const byCell = new Map<string, JudgedAttempt[]>()
  for (const attempt of (await store.attemptsOf(run)).attempts) {
    const { job } = attempt.evidence
    const theCase = cases.get(job.case)
    const stored = theCase ? await judge(attempt, theCase) : null
    if (!stored?.judged) continue
    const key = `${job.kernel}/${job.case}`
    byCell.set(key, [...(byCell.get(key) ?? []), judgedAttemptIn(run, attempt, stored.judged.judgement)])
  }
  keep()
  return byCell
}
