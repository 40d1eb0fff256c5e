/** The rates a stored run measured, read from its evidence. */
import type { ControlRate } from '../domain/control.ts'
import type { AttemptRecord, ReadRuns, RunRecord } from '../store/ports.ts'
import { triedOf, type Tried } from '../verdict/tried.ts'
import { planOf } from './assemble.ts'
import { cellKey, cellsOf } from './plan.ts'
import { isMeasured, ratesOf } from './rates.ts'
import { readStored } from './stored.ts'

/** One rate for each control, reproducer, trigger and conditions. Attempts whose logs are damaged count for nothing. */
export async function measuredRates(store: ReadRuns, run: RunRecord): Promise<ControlRate[]> {
  const plan = planOf(run)
  const { attempts } = await store.attemptsOf(run.id)
  const byCell = Map.groupBy(attempts, ({ evidence: { job } }) => `${job.kernel}/${job.case}`)
  const tried = new Map<string, readonly Tried[]>()
  for (const cell of cellsOf(plan).filter((one) => isMeasured(plan, one))) {
    const read = async (record: AttemptRecord): Promise<Tried[]> => {
      const { judged } = await readStored(store, record, cell.case)
      return judged ? [triedOf(judged.evidence, judged.judgement)] : []
    }
    tried.set(cellKey(cell), (await Promise.all((byCell.get(cellKey(cell)) ?? []).map(read))).flat())
  }
  return ratesOf(plan, tried)
}
