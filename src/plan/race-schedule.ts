/** The races of a plan: which runs next and for how long, from the plan and the attempts so far alone. */
import { profileName } from '#domain/profile.ts'
import type { ControlRate } from '#domain/control.ts'
import { unreachable } from '#domain/errors.ts'
import { standingOf, hasRateAtOtherLoad, type CellInput } from '#verdict/race/standing.ts'
import { chooseRace, nextMeasurement, type RaceBudget, type Race } from '#verdict/race/sequential.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { cellKey, cellsOf, isOfMachine, type Cell } from './cells.ts'
import { isMeasured, ratesOf, type AttemptsByCell } from './control-rates.ts'
import { measureOf, type Plan } from './plan.ts'

export interface NextRace {
  readonly cell: Cell
  readonly budget: RaceBudget
}

/** Whether a cell's case is judged by trials. */
export function isRace(cell: Cell): boolean {
  return cell.case.oracle === 'statistical'
}

/** Everything the judge of a cell has to know of a run. */
export function inputOf(plan: Plan, cell: Cell, attempts: readonly JudgedAttempt[], measured: readonly ControlRate[]): CellInput {
  return {
    case: cell.case.id,
    profile: profileName(cell.profile),
    series: cell.kernel.series,
    attempts,
    rates: [...plan.rates, ...measured],
    maxMissProbability: plan.maxMissProbability,
  }
}

/**
 * The next attempt that measures a control; null when every one of `open` is measured. They take turns, so that a load
 * peak of the host meets all of them.
 */
export function nextMeasured(plan: Plan, attempts: AttemptsByCell, open: readonly Cell[]): NextRace | null {
  const attemptsOf = (cell: Cell) => attempts.get(cellKey(cell)) ?? []
  const cells = open.filter((one) => isMeasured(plan, one)).toSorted((a, b) => attemptsOf(a).length - attemptsOf(b).length)
  for (const cell of cells) {
    const budget = nextMeasurement(attemptsOf(cell), plan.maxMissProbability, measureOf(plan))
    if (budget) return { cell, budget }
  }
  return null
}

/**
 * The next attempt of a race that measures no control; null when all of `open` are decided or the time of the plan is
 * over. Cells of the plan that are not open add their share of the time, and what they used of it; reused ones and those of
 * machines in use do neither.
 */
export function nextRace(plan: Plan, attempts: AttemptsByCell, open: readonly Cell[]): NextRace | null {
  const measured = ratesOf(plan, attempts)
  const isReused = (cell: Cell) => attempts.get(cellKey(cell))?.some((attempt) => attempt.isReused) === true
  const isOpenToAll = (cell: Cell) => !isMeasured(plan, cell) && !isReused(cell) && !isOfMachine(cell.kernel)
  const cells = cellsOf(plan).filter((cell) => isRace(cell) && isOpenToAll(cell))
  const keys = new Set(open.map(cellKey))
  const races = cells.map((cell): Race => {
    const input = inputOf(plan, cell, attempts.get(cellKey(cell)) ?? [], measured)
    return {
      attempts: input.attempts,
      isOpen: keys.has(cellKey(cell)),
      standing: standingOf(input),
      hasRateAtOtherLoad: hasRateAtOtherLoad(input),
    }
  })
  const next = chooseRace(races, plan.raceSeconds * races.length)
  const cell = next && cells[next.index]
  return next && cell ? { cell, budget: next.ask } : null
}

/** The budget of a race beside a measured one, until there is a reference rate. */
const BESIDE: RaceBudget = { seconds: 1, trials: 1_000_000 }

/**
 * The next race attempt of a plan that compares kernels: the measured cells and the others take turns, attempt by
 * attempt, so that a load peak of the host meets both. Null when neither needs more.
 */
export function nextInTurn(plan: Plan, attempts: AttemptsByCell, open: readonly Cell[]): NextRace | null {
  const attemptsOf = (cell: Cell) => attempts.get(cellKey(cell)) ?? []
  const measured = cellsOf(plan).filter((cell) => isMeasured(plan, cell))
  const beside = open.find((cell) => {
    const others = measured.filter((one) => one.case.id === cell.case.id).map((one) => attemptsOf(one).length)
    const isClean = attemptsOf(cell).every(({ outcome }) => outcome === 'not-reproduced')
    return !isMeasured(plan, cell) && isClean && others.length > 0 && attemptsOf(cell).length < Math.min(...others)
  })
  if (beside) return { cell: beside, budget: BESIDE }
  return nextMeasured(plan, attempts, open) ?? nextRace(plan, attempts, open)
}

/** How the next race attempt of a plan is chosen: each of these until it gives null, then the one after it. */
export function raceOrder(plan: Plan): readonly (typeof nextRace)[] {
  switch (plan.kind) {
    case 'verify':
      return [nextInTurn, nextRace]
    case 'matrix':
    case 'search':
    case 'check':
    case 'controls':
    case 'sweep':
    case 'suite':
    case 'bisect':
      return [nextMeasured, nextRace]
    default:
      return unreachable(plan)
  }
}
