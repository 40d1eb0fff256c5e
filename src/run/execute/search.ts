/** Execute a search: run kernels of a plan, few at a time, until every branch has shown where its answers change. */
import { claimOf } from '#analysis/claims/claim.ts'
import { branchName } from '#analysis/matrix/branch.ts'
import { compareKernels } from '#analysis/matrix/matrix.ts'
import { nextProbes } from '#analysis/matrix/search.ts'
import type { Case } from '#domain/case.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Kernel } from '#domain/kernel.ts'
import { judgeCell } from '#verdict/cell/judge.ts'
import { wantsAnotherAttempt } from '#verdict/attempt/retry.ts'
import { executePlan } from './scheduler.ts'
import type { RunEventListener } from '../context/events.ts'
import { cellKey, cellsOf, type Cell } from '#plan/cells.ts'
import type { Plan, PlanOf } from '#plan/plan.ts'
import { inputOf, isRace, nextRace } from '#plan/race-schedule.ts'
import { ratesOf, type AttemptsByCell } from '#plan/control-rates.ts'
import type { RunInputs } from '../context/context.ts'
import { judgedAttemptsOfRun } from '../report/stored-attempts.ts'

/** A branch of kernels searched for one case, in version order. */
export interface SearchBranch {
  readonly case: Case
  readonly kernels: readonly Kernel[]
  /** Index of the first kernel that the claim sources list as fixed, where they do not list the one before it. */
  readonly claimed: number | null
}

/** What a plan searches: each branch of kernels for each case. */
export function searchBranches(plan: Plan): SearchBranch[] {
  const branches = [...Map.groupBy(plan.kernels.toSorted(compareKernels), branchName).values()]
  return plan.cases.flatMap((theCase) =>
    branches.map((kernels) => {
      const claims = kernels.map((kernel) => claimOf(kernel, theCase).claim)
      const first = claims.indexOf('listed')
      return { case: theCase, kernels, claimed: first > 0 && claims[first - 1] === 'not-listed' ? first : null }
    }),
  )
}

/**
 * The cells to run next, by the verdicts so far; none when every branch is searched. `verdictOf` returns undefined for a cell
 * that still needs attempts.
 */
export function nextCells(plan: Plan, verdictOf: (key: string) => Verdict | undefined): Cell[] {
  const cells = new Map(cellsOf(plan).map((cell) => [cellKey(cell), cell]))
  return searchBranches(plan).flatMap(({ case: theCase, kernels, claimed }) => {
    const keys = kernels.map(({ id }) => `${id}/${theCase.id}`)
    const answers = keys.flatMap((key, index): [number, Verdict][] => {
      const verdict = verdictOf(key)
      return verdict === undefined ? [] : [[index, verdict]]
    })
    return nextProbes(kernels.length, new Map(answers), claimed).flatMap((index) => cells.get(keys[index] ?? '') ?? [])
  })
}

/** A search to be executed. */
export interface SearchInputs extends RunInputs {
  readonly plan: PlanOf<'search'>
}

/**
 * Search until every branch has shown where its answers change. Everything is in the store: an interrupted search resumes
 * from there. Rejects as `executePlan` does.
 */
export async function executeSearch(inputs: SearchInputs): Promise<void> {
  const { plan, store, run } = inputs
  /** Cells that this process ran to their end. One without an attempt is of a kernel that is not available. */
  const ended = new Set<string>()
  const reported = new Set<string>()
  for (;;) {
    const verdicts = verdictsOf(plan, await judgedAttemptsOfRun(store, run, plan), ended)
    reportVerdicts(inputs, verdicts, reported)
    const next = nextCells(plan, (key) => verdicts.get(key))
    if (next.length === 0) return
    const onEvent = withoutTotals(inputs.onEvent)
    for (const part of partsOf(plan, next)) await executePlan({ ...inputs, plan: part, onEvent })
    for (const cell of next) ended.add(cellKey(cell))
  }
}

/** The verdicts of the cells that need no more attempts, by cellKey. */
function verdictsOf(plan: Plan, attempts: AttemptsByCell, ended: ReadonlySet<string>): Map<string, Verdict> {
  const measured = ratesOf(plan, attempts)
  const verdicts = new Map<string, Verdict>()
  for (const cell of cellsOf(plan)) {
    const key = cellKey(cell)
    const own = attempts.get(key) ?? []
    if (!ended.has(key) && (own.length === 0 || isOpen(plan, attempts, cell))) continue
    verdicts.set(key, judgeCell(cell.case, inputOf(plan, cell, own, measured)).verdict)
  }
  return verdicts
}

function isOpen(plan: Plan, attempts: AttemptsByCell, cell: Cell): boolean {
  if (!isRace(cell)) return wantsAnotherAttempt(attempts.get(cellKey(cell)) ?? [])
  return nextRace({ ...plan, kernels: [cell.kernel], cases: [cell.case] }, attempts, [cell]) !== null
}

/** Plans of these cells and no others: kernels that run the same cases share one. */
function partsOf(plan: PlanOf<'search'>, cells: readonly Cell[]): Plan[] {
  const rows = [...Map.groupBy(cells, ({ kernel }) => kernel.id).values()]
  const groups = Map.groupBy(rows, (row) =>
    row
      .map((cell) => cell.case.id)
      .toSorted()
      .join(' '),
  )
  return [...groups.values()].map((group) => ({
    ...plan,
    kind: 'matrix',
    kernels: group.flatMap(([cell]) => cell?.kernel ?? []),
    cases: group[0]?.map((cell) => cell.case) ?? [],
  }))
}

/** Report each verdict once, with how many kernels of its branch have run by then. */
function reportVerdicts({ plan, onEvent }: SearchInputs, verdicts: ReadonlyMap<string, Verdict>, reported: Set<string>): void {
  for (const { case: theCase, kernels } of searchBranches(plan)) {
    const own = kernels.filter(({ id }) => verdicts.has(`${id}/${theCase.id}`))
    for (const { id, series } of own) {
      const key = `${id}/${theCase.id}`
      if (reported.has(key)) continue
      reported.add(key)
      const share = `${own.length} of ${kernels.length} kernels of ${series} tested`
      onEvent({ kind: 'note', text: `${theCase.id}: ${id} ${verdicts.get(key)} (${share})` })
    }
  }
}

/** The number of cells that a search runs is unknown before it ends, so the totals of one part would mislead. */
function withoutTotals(onEvent: RunEventListener): RunEventListener {
  return (event) => {
    if (event.kind !== 'cell-done') onEvent(event)
  }
}
