/** From a stored run to its Report: every attempt is judged again by today's rules, from its evidence alone. */
import { buildReport, type JudgedCell } from '#analysis/matrix/report.ts'
import type { GitTreeSource, UnavailableSource } from '#domain/claim-sources.ts'
import { profileName } from '#domain/profile.ts'
import type { Report, ReportKernel } from '#domain/report/matrix.ts'
import type { AttemptRecord, ReadRuns, RunRecord, StoreProblem } from '#store/ports.ts'
import { judgeCell } from '#verdict/cell/judge.ts'
import { wantsAnotherAttempt } from '#verdict/attempt/retry.ts'
import { cellKey, cellsOf, createCaseFinder, type Cell } from '#plan/cells.ts'
import { controlsOf, type Plan } from '#plan/plan.ts'
import { inputOf, isRace, nextMeasured, nextRace } from '#plan/race-schedule.ts'
import { ratesOf, type AttemptsByCell } from '#plan/control-rates.ts'
import { planOf } from '#plan/stored-plan.ts'
import { readClaimSources, type ReadClaimSources } from './claim-sources.ts'
import { openDerived } from './derived.ts'
import { reportAttempt, type AttemptFindings } from './report-attempt.ts'
import { createStoredJudge, judgedAttemptIn } from './stored-attempts.ts'
import { knownEntries } from './stored-changelog.ts'

export interface BuiltReport {
  readonly report: Report
  /** What the store could not give back whole. */
  readonly problems: readonly StoreProblem[]
}

export interface BuildReportOptions {
  /** What a git tree says of each kernel, instead of what was stored. */
  readonly gitTreeSources?: ReadonlyMap<string, GitTreeSource | UnavailableSource> | undefined
  /** The report of this case alone, where the run has it: the logs of others are not read. */
  readonly only?: string | undefined
}

/** Build the report of a run. Attempts whose logs are damaged are left out and reported as problems. */
export async function buildRunReport(
  store: ReadRuns,
  run: RunRecord,
  { gitTreeSources, only }: BuildReportOptions = {},
): Promise<BuiltReport> {
  const { attempts, problems } = await store.attemptsOf(run.id)
  const plan = triedKernelsOf(ofCase(planOf(run), only), attempts)
  const claims = await readClaimSources(store, run.id, plan, gitTreeSources)
  const lost: StoreProblem[] = [...problems, ...claims.problems, ...uncheckedOf(plan, claims.sources)]
  const judged = new Map<string, StoredJudged[]>()
  for (const cell of cellsOf(plan)) judged.set(cellKey(cell), [])
  const caseOf = createCaseFinder(plan)
  const { judge, keep } = await createStoredJudge(store)
  for (const record of attempts) {
    const { job } = record.evidence
    const theCase = caseOf(job.kernel, job.case)
    const own = judged.get(`${job.kernel}/${job.case}`)
    if (!theCase || !own) continue
    const stored = await judge(record, theCase)
    lost.push(...stored.problems)
    if (stored.judged) own.push({ record, judged: stored.judged })
  }
  keep()
  const byCell: AttemptsByCell = new Map(
    [...judged].map(([key, own]) => [key, own.map((one) => judgedAttemptIn(run.id, one.record, one.judged.judgement))]),
  )
  const derived = await openDerived(store.derived)
  const report = buildReport({
    run: {
      id: run.id,
      startedAt: run.startedAt,
      complete: run.finishedAt !== null || (plan.kind !== 'search' && isComplete(plan, byCell)),
      seed: plan.seed,
      host: run.host,
    },
    kernels: await reportKernels(store, plan, attempts),
    cases: plan.cases,
    controls: controlsOf(plan),
    ...('hosts' in plan && plan.hosts ? { hosts: plan.hosts } : {}),
    listing: plan.listing,
    cells: judgeCells(store, plan, { judged, byCell, run: run.id }),
    claimSources: claims.sources,
    knownEntries: knownEntries(derived),
  })
  derived.flush()
  return { report, problems: lost }
}

/** What cannot be held against a case because its plan is older than `claim.unlisted`. */
function uncheckedOf({ cases }: Pick<Plan, 'cases'>, sources: ReadClaimSources['sources']): StoreProblem[] {
  const hasChangelog = [...sources.values()].some(({ changelog }) => changelog && !('unavailable' in changelog))
  const old = hasChangelog ? cases.filter(({ claim }) => claim.unlisted === undefined) : []
  if (old.length === 0) return []
  const what = 'not checked whether a changelog omits a fix: the plan is older than claim.unlisted in case.json'
  return [{ attempt: `case data (${old.length} of ${cases.length} cases)`, message: what }]
}

/** The plan for the report of one case: no verdict depends on another case. */
function ofCase(plan: Plan, id: string | undefined): Plan {
  const own = plan.cases.filter((theCase) => theCase.id === id)
  return own.length === 0 ? plan : { ...plan, cases: own }
}

/** The plan of a search with the kernels that ran: the others are in the listing, and have no cell. */
function triedKernelsOf(plan: Plan, attempts: readonly AttemptRecord[]): Plan {
  if (plan.kind !== 'search') return plan
  const tried = new Set(attempts.map(({ evidence }) => evidence.job.kernel))
  return { ...plan, kernels: plan.kernels.filter(({ id }) => tried.has(id)) }
}

/** An attempt of a run with what it came to. */
export interface StoredJudged {
  readonly record: AttemptRecord
  readonly judged: AttemptFindings
}

/** Whether no cell of a plan needs another attempt. */
function isComplete(plan: Plan, attempts: AttemptsByCell): boolean {
  const cells = cellsOf(plan)
  const isOpen = (cell: Cell): boolean => !isRace(cell) && wantsAnotherAttempt(attempts.get(cellKey(cell)) ?? [])
  return !cells.some(isOpen) && nextMeasured(plan, attempts, cells) === null && nextRace(plan, attempts, cells) === null
}

/** The attempts of a run by cellKey, as they are shown and as the judge sees them. */
export interface JudgedRun {
  readonly judged: ReadonlyMap<string, readonly StoredJudged[]>
  readonly byCell: AttemptsByCell
  /** Id of the run. */
  readonly run: string
}

/** Cells of a plan, judged: races by the rates of the plan and by those of its own controls. */
export function judgeCells(
  store: ReadRuns,
  plan: Plan,
  { judged, byCell, run }: JudgedRun,
  wanted: readonly Cell[] = cellsOf(plan),
): JudgedCell[] {
  const measured = ratesOf(plan, byCell)
  const cells = wanted.filter((cell) => plan.kind !== 'search' || judged.get(cellKey(cell))?.length)
  return cells.map((cell) => {
    const input = inputOf(plan, cell, byCell.get(cellKey(cell)) ?? [], measured)
    const own = judged.get(cellKey(cell)) ?? []
    const attempts = own.map((one) => reportAttempt(store, one.record, one.judged))
    return { ...nameOf(cell), ...judgeCell(cell.case, input), ...reusedOf(own, run), attempts }
  })
}

/** The run that a cell has its attempts from, where that is another one. */
function reusedOf(own: readonly StoredJudged[], run: string): Pick<JudgedCell, 'reused'> {
  const others = own.map(({ record }) => record).filter((record) => record.run !== run)
  const at = others
    .map(({ evidence }) => evidence.startedAt)
    .toSorted()
    .at(-1)
  return others[0] && at !== undefined ? { reused: { run: others[0].run, at } } : {}
}

function nameOf(cell: Cell): Pick<JudgedCell, 'kernel' | 'case' | 'profile'> {
  return { kernel: cell.kernel.id, case: cell.case.id, profile: profileName(cell.profile) }
}

/** What guests of this run said of each kernel: a later run under the same kernel id must not change this report. */
export async function reportKernels(store: ReadRuns, plan: Plan, attempts: readonly AttemptRecord[]): Promise<ReportKernel[]> {
  const seen = new Map((await store.kernelsSeen()).map((one) => [one.kernel.id, one]))
  return plan.kernels.map((kernel) => {
    const own = attempts.filter(({ evidence }) => evidence.job.kernel === kernel.id).map(({ evidence }) => evidence.kernel)
    return {
      ...kernel,
      release: own.find(({ release }) => release !== null)?.release ?? null,
      sha256: own[0]?.sha256 ?? seen.get(kernel.id)?.sha256 ?? null,
    }
  })
}
