/** Goes through the runs of a store that other branches of kwitness may share: what cannot be read costs that run alone. */
import { InfraError } from '#domain/errors.ts'
import type { Plan } from '#plan/plan.ts'
import { planOf } from '#plan/stored-plan.ts'
import type { ListedRun, ReadRuns, RunRecord } from '#store/ports.ts'

/** A stored run whose row and plan can be read. */
export interface ScannedRun {
  readonly run: RunRecord
  readonly plan: Plan
}

/** Called with one line about a run that was left out: which, and why. */
export type OnSkipped = (text: string) => void

/** Read a run with its plan. Throws UserError where there is no such run, InfraError where it cannot be read. */
export async function readWithPlan(store: ReadRuns, id: string): Promise<ScannedRun> {
  const run = await store.readRun(id)
  return { run, plan: planOf(run) }
}

/** The same; null, and one line to `onSkipped`, where its row or its plan cannot be read. */
export async function readScanned(store: ReadRuns, id: string, onSkipped: OnSkipped): Promise<ScannedRun | null> {
  try {
    return await readWithPlan(store, id)
  } catch (error) {
    if (!(error instanceof InfraError)) throw error
    onSkipped(`run ${id} is skipped: ${error.message}`)
    return null
  }
}

export const isFinished = ({ finishedAt }: ListedRun): boolean => finishedAt !== null

/** The stored runs that are wanted and can be read, the newest first, each read when it is asked for. */
export async function* scanRuns(
  store: ReadRuns,
  onSkipped: OnSkipped,
  isWanted: (run: ListedRun) => boolean = () => true,
): AsyncGenerator<ScannedRun> {
  for (const listed of (await store.listRuns()).toReversed()) {
    const scanned = isWanted(listed) ? await readScanned(store, listed.id, onSkipped) : null
    if (scanned !== null) yield scanned
  }
}
