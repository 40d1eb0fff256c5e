/** Stored attempts, judged by today's rules from the logs in the store. What that came to is known until rules or logs change. */
import { createHash } from 'node:crypto'
import type { Case } from '#domain/case.ts'
import type { AttemptJudgement } from '#domain/judgement.ts'
import { findingsSchema } from '#schema/report/findings.ts'
import type { TextCache } from '#store/derived/text-cache.ts'
import type { AttemptRecord, ReadRuns, StoreProblem } from '#store/ports.ts'
import { judgedAttemptsOf, type JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { createCaseFinder } from '#plan/cells.ts'
import { inOrder } from '#plan/identity.ts'
import type { PlanCommon } from '#plan/plan.ts'
import { openDerived } from './derived.ts'
import type { AttemptReading } from './judge-attempt.ts'
import { findingsOf, type AttemptFindings } from './report-attempt.ts'

export interface StoredAttempt<T> {
  /** Null when a log is missing or damaged: such an attempt does not count. */
  readonly judged: T | null
  readonly problems: readonly StoreProblem[]
}

/** Read an attempt's logs from the store and judge it. */
export async function judgeStored(store: ReadRuns, record: AttemptRecord, theCase: Case): Promise<StoredAttempt<AttemptReading>> {
  const { console, output, schedule, problems } = await store.readLogs(record)
  // Loaded here, because of most attempts it is known what they came to.
  const { judgeLogs } = await import('./judge-attempt.ts')
  return { judged: console && output ? judgeLogs(record.evidence, { console, output, schedule }, theCase) : null, problems }
}

/** Judges stored attempts, or finds what was known of them. */
export interface StoredJudge {
  readonly judge: (record: AttemptRecord, theCase: Case) => Promise<StoredAttempt<AttemptFindings>>
  /** Keep what was found out, for the next reader. */
  readonly keep: () => void
}

/** What attempts came to, by rules and then by name, as far as this process judged them through a connection. */
const judgedBefore = new WeakMap<TextCache, Map<string, Map<string, AttemptFindings>>>()
/** Of one case; beyond so many the memory begins anew. */
const MAX_JUDGED = 2000

/**
 * A judge of the attempts in a store. A run is judged when it is planned, executed and reported: through one connection each
 * attempt is judged once.
 */
export async function createStoredJudge(store: ReadRuns): Promise<StoredJudge> {
  const derived = await openDerived(store.derived)
  const before = judgedBefore.get(store.derived) ?? new Map<string, Map<string, AttemptFindings>>()
  judgedBefore.set(store.derived, before)
  const rules = new Map<Case, string>()
  const rulesOf = (theCase: Case): string => {
    const { folder: _, ...rest } = theCase
    // A case of the catalogue and the same one of a stored plan have their keys in different orders.
    const known =
      rules.get(theCase) ??
      createHash('sha256')
        .update(JSON.stringify(inOrder(rest)))
        .digest('base64url')
    rules.set(theCase, known)
    return known
  }
  const memoryOf = (rule: string): Map<string, AttemptFindings> => {
    const known = before.get(rule)
    if (known !== undefined && known.size < MAX_JUDGED) return known
    const memory = new Map<string, AttemptFindings>()
    before.set(rule, memory)
    return memory
  }
  return {
    judge: async (record, theCase) => {
      const memory = memoryOf(rulesOf(theCase))
      const fingerprint = store.fingerprintOf(record)
      const name = `${record.run}/${record.id} ${record.evidence.startedAt} ${fingerprint}`
      const remembered = fingerprint === null ? undefined : memory.get(name)
      if (remembered !== undefined) return { judged: remembered, problems: [] }
      const parts = [fingerprint, record.evidence, rulesOf(theCase)]
      const known = fingerprint === null ? null : derived.read('attempt', parts, findingsSchema)
      if (known !== null) {
        memory.set(name, known)
        return { judged: known, problems: [] }
      }
      const { judged, problems } = await judgeStored(store, record, theCase)
      if (judged === null) return { judged, problems }
      const findings = findingsOf(judged)
      if (problems.length === 0) {
        derived.keep('attempt', parts, findings)
        memory.set(name, findings)
      }
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
  plan: Pick<PlanCommon, 'kernels' | 'cases'>,
): Promise<Map<string, JudgedAttempt[]>> {
  const caseOf = createCaseFinder(plan)
  const { judge, keep } = await createStoredJudge(store)
  const byCell = new Map<string, JudgedAttempt[]>()
  for (const attempt of (await store.attemptsOf(run)).attempts) {
    const { job } = attempt.evidence
    const theCase = caseOf(job.kernel, job.case)
    const stored = theCase ? await judge(attempt, theCase) : null
    if (!stored?.judged) continue
    const key = `${job.kernel}/${job.case}`
    byCell.set(key, [...(byCell.get(key) ?? []), judgedAttemptIn(run, attempt, stored.judged.judgement)])
  }
  keep()
  return byCell
}
