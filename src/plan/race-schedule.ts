/** The races of a plan: which comes next and what is asked of it, from the plan and the attempts so far alone. */
import { profileName } from '#domain/profile.ts'
import type { ControlRate } from '#domain/control.ts'
import { standingOf, wouldLeanAtOtherLoad, type CellInput } from '#verdict/race/standing.ts'
import { chooseRace, nextMeasurement, type Ask, type Race } from '#verdict/race/sequential.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { cellKey, cellsOf, type Cell, type Plan } from './plan.ts'
import { isMeasured, ratesOf, type TriedCells } from './control-rates.ts'

export interface NextRace {
  readonly cell: Cell
  readonly ask: Ask
}

/** Whether a cell's case witnesses by trials. */
export function isRace(cell: Cell): boolean {
  return cell.case.witness === 'race'
}

/** Everything the judge of a cell has to know of a run. */
export function inputOf(plan: Plan, cell: Cell, attempts: readonly JudgedAttempt[], measured: readonly ControlRate[]): CellInput {
  return {
    case: cell.case.id,
    profile: profileName(cell.profile),
    series: cell.kernel.series,
    attempts,
    rates: [...plan.rates, ...measured],
    bound: plan.bound,
  }
}

/**
 * The next attempt that measures a control; null when every one of `open` is measured. They take turns: a host that is
 * busy for a while is so for all of them.
 */
export function nextMeasured(plan: Plan, tried: TriedCells, open: readonly Cell[]): NextRace | null {
  const attemptsOf = (cell: Cell) => tried.get(cellKey(cell)) ?? []
  const cells = open.filter((one) => isMeasured(plan, one)).toSorted((a, b) => attemptsOf(a).length - attemptsOf(b).length)
  for (const cell of cells) {
    const ask = nextMeasurement(attemptsOf(cell), plan.bound, plan.measure)
    if (ask) return { cell, ask }
  }
  return null
}

/**
 * The next attempt of a race that is not there to be measured; null when all of `open` are decided or the time of the
 * plan is over. Cells of the plan that are not open bring their time and what they took of it.
 */
export function nextRace(plan: Plan, tried: TriedCells, open: readonly Cell[]): NextRace | null {
  const measured = ratesOf(plan, tried)
  const cells = cellsOf(plan).filter((cell) => isRace(cell) && !isMeasured(plan, cell))
  const keys = new Set(open.map(cellKey))
  const races = cells.map((cell): Race => {
    const input = inputOf(plan, cell, tried.get(cellKey(cell)) ?? [], measured)
    return {
      attempts: input.attempts,
      isOpen: keys.has(cellKey(cell)),
      standing: standingOf(input),
      wouldLeanAtOtherLoad: wouldLeanAtOtherLoad(input),
    }
  })
  const next = chooseRace(races, plan.raceSeconds * races.length)
  const cell = next && cells[next.index]
  return next && cell ? { cell, ask: next.ask } : null
}

/** What a race is asked for beside one that is measured, until there is a rate to lean on. */
const BESIDE: Ask = { seconds: 1, trials: 1_000_000 }

/**
 * The next race attempt of a plan that holds kernels against each other: those that are measured and the others take turns,
 * attempt by attempt, so that a host that is busy for a while is so for both. Null when neither wants more.
 */
export function nextInTurn(plan: Plan, tried: TriedCells, open: readonly Cell[]): NextRace | null {
  const attemptsOf = (cell: Cell) => tried.get(cellKey(cell)) ?? []
  const measured = cellsOf(plan).filter((cell) => isMeasured(plan, cell))
  const beside = open.find((cell) => {
    const others = measured.filter((one) => one.case.id === cell.case.id).map((one) => attemptsOf(one).length)
    const isClean = attemptsOf(cell).every(({ outcome }) => outcome === 'clean')
    return !isMeasured(plan, cell) && isClean && others.length > 0 && attemptsOf(cell).length < Math.min(...others)
  })
  if (beside) return { cell: beside, ask: BESIDE }
  return nextMeasured(plan, tried, open) ?? nextRace(plan, tried, open)
}
