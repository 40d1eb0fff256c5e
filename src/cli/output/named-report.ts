/** Reports that a command compares, by the names that people give: a stored run, `latest~1`, or a file of `--json`. */
import { readFile } from 'node:fs/promises'
import { UserError } from '#domain/errors.ts'
import type { ComparedReport } from '#domain/report/diff.ts'
import type { Report } from '#domain/report/matrix.ts'
import { keepCompared, knownCompared } from '#run/report/compared.ts'
import { REPORT_NAMES } from '#run/results/names.ts'
import { isFinished, readScanned, readWithPlan, scanRuns } from '#run/results/scan.ts'
import type { ListedRun, RunRecord } from '#store/ports.ts'
import { printProblems, tellSkipped } from './problems.ts'
import { reportOfRun, withStore, type ReadingStore } from './stored-report.ts'

const isStored = (name: string): boolean => /^(latest(~\d+)?|\d{4}-\d\d-\d\d-\d+)$/.test(name)
/** How many runs before the newest one a name means; null for the id of a run. */
const stepsBack = (name: string): number | null => (name.startsWith('latest') ? Number(name.split('~')[1] ?? 0) : null)

/** The report of a name. Throws UserError where there is no such run, and for a file that is not a report of kwitness. */
export async function loadNamed(name: string): Promise<Report> {
  if (!isStored(name)) return readReportFile(name)
  return withStore(async (store) => reportOfRun(store, await findRun(store, name)))
}

/** As much of the report of a name as is compared. Throws what `loadNamed` throws. */
export async function loadCompared(name: string): Promise<ComparedReport> {
  if (!isStored(name)) return readReportFile(name)
  return withStore(async (store) => {
    const back = stepsBack(name)
    if (back === null) return (await keptOf(store, name)) ?? comparedOf(store, await findRun(store, name))
    const newest = await newestCompared(store, back + 1)
    return newest[back] ?? throwMissing(name, newest.length)
  })
}

/** As much of the newest finished runs before the stored one of this id as is compared, the newest first, at most `count`. */
export async function loadHistory(id: string, count: number): Promise<ComparedReport[]> {
  return withStore(async (store) => {
    const ids = await store.runIds()
    const earlier = new Set(ids.slice(0, Math.max(0, ids.indexOf(id))))
    return newestCompared(store, count, (one) => earlier.has(one.id))
  })
}

/** What is compared of the newest finished runs of a matrix that are wanted, the newest first, at most `count`. */
async function newestCompared(
  store: ReadingStore,
  count: number,
  isWanted: (run: ListedRun) => boolean = () => true,
): Promise<ComparedReport[]> {
  const found: ComparedReport[] = []
  for (const listed of (await store.listRuns()).toReversed()) {
    if (found.length === count) break
    if (!isFinished(listed) || !isWanted(listed)) continue
    const compared = (await keptOf(store, listed.id, 'matrix')) ?? (await builtOf(store, listed.id))
    if (compared) found.push(compared)
  }
  return found
}

/** What this process has of runs already, by id: of two names, both may lead past the same run. */
const known = new WeakMap<ReadingStore, Map<string, ComparedReport>>()

/** What was kept of a run, whose plan is then not read; null where nothing was, or the run is not of the kind. */
async function keptOf(store: ReadingStore, id: string, kind?: 'matrix'): Promise<ComparedReport | null> {
  const own = known.get(store) ?? new Map<string, ComparedReport>()
  known.set(store, own)
  // A run that cannot be read is told of by what reads it next.
  const run = await store.readRun(id).catch(() => null)
  if (run === null || (kind !== undefined && (run.plan as { readonly kind?: unknown } | null)?.kind !== kind)) return null
  const compared = own.get(id) ?? (await knownCompared(store, run))
  if (compared) own.set(id, compared)
  return compared
}

/** What is compared of a run of a matrix; null for another one and, with a line on stderr, for one that cannot be read. */
async function builtOf(store: ReadingStore, id: string): Promise<ComparedReport | null> {
  const scanned = await readScanned(store, id, tellSkipped)
  return scanned?.plan.kind === 'matrix' ? comparedOf(store, scanned.run) : null
}

/** What is compared of a run, built and kept; problems of the store go to stderr. */
async function comparedOf(store: ReadingStore, run: RunRecord): Promise<ComparedReport> {
  const { buildRunReport } = await import('#run/report/build-report.ts')
  const { report, problems } = await buildRunReport(store, run)
  printProblems(problems)
  if (problems.length === 0) await keepCompared(store, run, report)
  known.get(store)?.set(run.id, report)
  return report
}

async function findRun(store: ReadingStore, name: string): Promise<RunRecord> {
  const back = stepsBack(name)
  if (back === null) {
    const { run, plan } = await readWithPlan(store, name)
    if (plan.kind !== 'suite') return run
    throw new UserError(`run ${name} is of a suite, and has no verdicts to compare`, `give ${REPORT_NAMES}`)
  }
  const found: RunRecord[] = []
  for await (const { run, plan } of scanRuns(store, tellSkipped, isFinished)) {
    if (plan.kind === 'matrix') found.push(run)
    if (found.length > back) return run
  }
  return throwMissing(name, found.length)
}

/** Throw the UserError for a run that is not there; `count` runs are. */
function throwMissing(name: string, count: number): never {
  const stored = count === 1 ? '1 finished run is stored' : `${count} finished runs are stored`
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
  const [{ fromFile }, { parseJson }, { reportSchema }] = await Promise.all([
    import('#domain/report/file.ts'),
    import('#schema/read.ts'),
    import('#schema/report/matrix.ts'),
  ])
  const { value, problem } = parseJson(reportSchema, json)
  if (value !== null) return fromFile(value)
  const what = problem.kind === 'json' ? 'is not JSON' : 'is not a report of this kwitness'
  throw new UserError(`${path} ${what}: ${problem.text.split('\n')[0]}`, 'kwitness report --json writes one')
}
