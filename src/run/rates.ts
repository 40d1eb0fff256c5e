/** The rates that the controls of a run showed, drawn from its own evidence. */
import type { ControlRate } from '../domain/control.ts'
import { profileName } from '../domain/profile.ts'
import { trialGroups } from '../verdict/groups.ts'
import type { Tried } from '../verdict/tried.ts'
import { cellKey, cellsOf, controlOf, type Cell, type Plan } from './plan.ts'

/** Judged attempts by cellKey. */
export type TriedCells = ReadonlyMap<string, readonly Tried[]>

/** Whether a cell is there to measure a rate: the own race of a known-bad control. */
export function isMeasured(plan: Plan, cell: Cell): boolean {
  return cell.case.witness === 'race' && controlOf(plan, cell)?.kind === 'bad'
}

/**
 * The rates measured in a run so far, one for each control, reproducer, trigger and conditions. A control that was
 * tried and never hit is among them, with no hits: nothing may lean on it, nor on another line's in its place.
 */
export function ratesOf(plan: Plan, tried: TriedCells): ControlRate[] {
  return cellsOf(plan).filter((cell) => isMeasured(plan, cell)).flatMap((cell) => {
    const because = controlOf(plan, cell)?.because ?? ''
    return trialGroups(tried.get(cellKey(cell)) ?? []).flatMap(({ program, trigger, conditions, trials, attempts }) => {
      const measuredAt = attempts.map(({ startedAt }) => startedAt).toSorted().at(-1)
      if (conditions === null || measuredAt === undefined || trials.trials === 0) return []
      return [{
        ...trials,
        case: cell.case.id,
        program,
        trigger,
        kernel: cell.kernel.id,
        series: cell.kernel.series,
        profile: profileName(cell.profile),
        conditions,
        leansOn: because,
        measuredAt,
      }]
    })
  })
}
