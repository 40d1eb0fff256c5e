/** Reports that a command compares, by the names that people give: a stored run, `latest~1`, or a file of `--json`. */
import { readFile } from 'node:fs/promises'
import { UserError } from '#domain/errors.ts'
import { fromFile } from '#domain/report/file.ts'
import type { Report } from '#domain/report/matrix.ts'
import { planOf } from '#plan/stored-plan.ts'
import { parseJson } from '#schema/read.ts'
import { reportSchema } from '#schema/report/matrix.ts'
import { REPORT_NAMES } from '#run/results/names.ts'
import { isFinished, scanRuns } from '#run/results/scan.ts'
import type { ListedRun, RunRecord } from '#store/ports.ts'
import { tellSkipped } from './problems.ts'
import { reportOfRun, withStore, type ReadingStore } from './stored-report.ts'

/** The report of a name. Throws UserError where there is no such run, and for a file that is not a report of kwitness. */
export async function loadNamed(name: string): Promise<Report> {
  if (!/^(latest(~\d+)?|\d{4}-\d\d-\d\d-\d+)$/.test(name)) return readReportFile(name)
  return withStore(async (store) => reportOfRun(store, await findRun(store, name)))
}

/** Reports of the newest finished runs before the stored one of this id, the newest first, at most `count`. */
export async function loadHistory(id: string, count: number): Promise<Report[]> {
  return withStore(async (store) => {
    const ids = await store.runIds()
    const earlier = new Set(ids.slice(0, Math.max(0, ids.indexOf(id))))
    const reports: Report[] = []
    for (const run of await newestMatrices(store, count, (one) => earlier.has(one.id)))
      reports.push(await reportOfRun(store, run))
    return reports
  })
}

/** At most `count` of the finished runs of a matrix that are wanted, the newest first: to read the plans of all takes long. */
async function newestMatrices(
  store: ReadingStore,
  count: number,
  isWanted: (run: ListedRun) => boolean = () => true,
): Promise<RunRecord[]> {
  const found: RunRecord[] = []
  if (count === 0) return found
  for await (const { run, plan } of scanRuns(store, tellSkipped, (one) => isFinished(one) && isWanted(one))) {
    if (plan.kind === 'matrix') found.push(run)
    if (found.length === count) break
  }
  return found
}

async function findRun(store: ReadingStore, name: string): Promise<RunRecord> {
  if (!name.startsWith('latest')) {
    const run = await store.readRun(name)
    if (planOf(run).kind !== 'suite') return run
    throw new UserError(`run ${name} is of a suite, and has no verdicts to compare`, `give ${REPORT_NAMES}`)
  }
  const back = Number(name.split('~')[1] ?? 0)
  const runs = await newestMatrices(store, back + 1)
  const run = runs[back]
  if (run) return run
  const stored = runs.length === 1 ? '1 finished run is stored' : `${runs.length} finished runs are stored`
  throw new UserError(`there is no run ${name}: ${stored}`, 'kwitness runs lists them, kwitness run makes one')
}

/** A report that `kwitness report --json` wrote. */
async function readReportFile(path: string): Promise<Report> {
  let json: string
  try {
    json = await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UserError(`cannot read ${path}: ${code}`, `give ${REPORT_NAMES}`)
  }
  const { value, problem } = parseJson(reportSchema, json)
  if (value !== null) return fromFile(value)
  const what = problem.kind === 'json' ? 'is not JSON' : 'is not a report of this kwitness'
  throw new UserError(`${path} ${what}: ${problem.text.split('\n')[0]}`, 'kwitness report --json writes one')
}
