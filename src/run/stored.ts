/** A stored attempt, judged by today's rules from what the store gives back of it. */
import type { Case } from '../domain/case.ts'
import type { AttemptRecord, ReadRuns, StoreProblem } from '../store/ports.ts'
import { readAttempt, type JudgedAttempt } from './read.ts'

export interface StoredAttempt {
  /** Null when a log is missing or damaged: such an attempt counts for nothing. */
  readonly judged: JudgedAttempt | null
  readonly problems: readonly StoreProblem[]
}

/** Read an attempt's logs from the store and judge it. */
export async function readStored(store: ReadRuns, record: AttemptRecord, theCase: Case): Promise<StoredAttempt> {
  const { console, output, problems } = await store.readLogs(record)
  return { judged: console && output ? readAttempt(record.evidence, { console, output }, theCase) : null, problems }
}
