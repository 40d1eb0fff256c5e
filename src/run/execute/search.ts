/** Carry out a search: ask kernels of a plan, few at a time, until every line has shown where its answers change. */
import { claimOf } from '#analysis/claims/claim.ts'
import { lineOf } from '#analysis/matrix/branch.ts'
import { compareKernels } from '#analysis/matrix/matrix.ts'
import { nextProbes } from '#analysis/matrix/search.ts'
import type { Case } from '#domain/case.ts'
import type { Verdict } from '#domain/judgement.ts'
import type { Kernel } from '#domain/kernel.ts'
import { judgeCell } from '#verdict/cell/judge.ts'
import { wantsAnotherAttempt } from '#verdict/attempt/retry.ts'
import { executePlan } from './scheduler.ts'
import type { RunEvent } from '../context/events.ts'
import { cellKey, cellsOf, type Cell, type Plan } from '#plan/plan.ts'
import { inputOf, isRace, nextRace } from '#plan/race-schedule.ts'
import { ratesOf, type TriedCells } from '#plan/control-rates.ts'
import type { RunInputs } from '../context/context.ts'
import { judgedAttemptsOfRun } from '../report/stored-attempts.ts'

/** Carry out what is left of a run, whether it asks all its kernels or searches them. Rejects as `executePlan` does. */
export function carryOut(conductor: RunInputs): Promise<void> {
  return conductor.plan.search ? conductSearch(conductor) : executePlan(conductor)
}

/** A line of kernels searched for one case, in version order. */
export interface SearchLine {
  readonly case: Case
  readonly kernels: readonly Kernel[]
  /** First kernel that the paperwork says carries, where it says others lack it. */
  readonly claimed: number | null
}

/** What a plan has to search: each series and flavour for each case. */
export function searchLines(plan: Plan): SearchLine[] {
  const lines = [...Map.groupBy(plan.kernels.toSorted(compareKernels), lineOf).values()]
  return plan.cases.flatMap((theCase) =>
    lines.map((kernels) => {
      const claims = kernels.map((kernel) => claimOf(kernel, theCase).claim)
      const first = claims.indexOf('carried')
      return { case: theCase, kernels, claimed: first > 0 && claims[first - 1] === 'missing' ? first : null }
    }),
  )
}

/**
 * The cells to ask next, by the verdicts so far; none when every line is searched. `verdictOf` gives undefined for a cell that
 * was not asked to its end.
 */
export function wantedCells(plan: Plan, verdictOf: (key: string) => Verdict | undefined): Cell[] {
  const cells = new Map(cellsOf(plan).map((cell) => [cellKey(cell), cell]))
  return searchLines(plan).flatMap(({ case: theCase, kernels, claimed }) => {
    const keys = kernels.map(({ id }) => `${id}/${theCase.id}`)
    const answers = keys.flatMap((key, index): [number, Verdict][] => {
      const verdict = verdictOf(key)
      return verdict === undefined ? [] : [[index, verdict]]
    })
    return nextProbes(kernels.length, new Map(answers), claimed).flatMap((index) => cells.get(keys[index] ?? '') ?? [])
  })
}

/** Search until nothing is left to ask. Everything is in the store: an interrupted search goes on from there. */
async function conductSearch(conductor: RunInputs): Promise<void> {
  const { plan, store, run } = conductor
  /** Cells this process asked until they wanted no more: one without an attempt is of a kernel that cannot be had. */
  const asked = new Set<string>()
  const told = new Set<string>()
  for (;;) {
    const verdicts = verdictsOf(plan, await judgedAttemptsOfRun(store, run, plan), asked)
    tellVerdicts(conductor, verdicts, told)
    const wanted = wantedCells(plan, (key) => verdicts.get(key))
    if (wanted.length === 0) return
    for (const part of partsOf(plan, wanted)) await executePlan({ ...conductor, plan: part, listen: withoutTotals(conductor) })
    for (const cell of wanted) asked.add(cellKey(cell))
  }
}

/** The verdicts of the cells that want no more attempts, by cell. */
function verdictsOf(plan: Plan, tried: TriedCells, asked: ReadonlySet<string>): Map<string, Verdict> {
  const measured = ratesOf(plan, tried)
  const verdicts = new Map<string, Verdict>()
  for (const cell of cellsOf(plan)) {
    const key = cellKey(cell)
    const attempts = tried.get(key) ?? []
    if (!asked.has(key) && (attempts.length === 0 || isOpen(plan, tried, cell))) continue
    verdicts.set(key, judgeCell(cell.case, inputOf(plan, cell, attempts, measured)).verdict)
  }
  return verdicts
}

function isOpen(plan: Plan, tried: TriedCells, cell: Cell): boolean {
  if (!isRace(cell)) return wantsAnotherAttempt(tried.get(cellKey(cell)) ?? [])
  return nextRace({ ...plan, kernels: [cell.kernel], cases: [cell.case] }, tried, [cell]) !== null
}

/** Plans that hold these cells and no others: kernels that are asked the same cases go together. */
function partsOf(plan: Plan, cells: readonly Cell[]): Plan[] {
  const rows = [...Map.groupBy(cells, ({ kernel }) => kernel.id).values()]
  const groups = Map.groupBy(rows, (row) =>
    row
      .map((cell) => cell.case.id)
      .toSorted()
      .join(' '),
  )
  return [...groups.values()].map((group) => ({
    ...plan,
    kernels: group.flatMap(([cell]) => cell?.kernel ?? []),
    cases: group[0]?.map((cell) => cell.case) ?? [],
  }))
}

/** Say each verdict once, and how much of its line has been asked by then. */
function tellVerdicts({ plan, listen }: RunInputs, verdicts: ReadonlyMap<string, Verdict>, told: Set<string>): void {
  for (const { case: theCase, kernels } of searchLines(plan)) {
    const own = kernels.filter(({ id }) => verdicts.has(`${id}/${theCase.id}`))
    for (const { id, series } of own) {
      const key = `${id}/${theCase.id}`
      if (told.has(key)) continue
      told.add(key)
      const share = `${own.length} of ${kernels.length} kernels of ${series} asked`
      listen({ kind: 'note', text: `${theCase.id}: ${id} ${verdicts.get(key)} (${share})` })
    }
  }
}

/** Nobody knows how many cells a search will ask: what one part of it has done says nothing of the whole. */
function withoutTotals({ listen }: RunInputs): RunInputs['listen'] {
  return (event: RunEvent) => {
    if (event.kind !== 'cell-done') listen(event)
  }
}
