/** The rates that a run may lean on: those kept of earlier ones, and those its own controls show. */
import type { Case } from '#domain/case.ts'
import type { Conditions, ControlRate } from '#domain/control.ts'
import { profileName, type Accelerator } from '#domain/profile.ts'
import { expiry } from '#verdict/race/conditions.ts'
import { trialGroups } from '#verdict/race/groups.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { cellKey, cellsOf, controlOf, profileNamesOf, type Cell, type Plan } from './plan.ts'

/** Judged attempts by cellKey. */
export type TriedCells = ReadonlyMap<string, readonly JudgedAttempt[]>

/** Whether a cell is there to measure a rate: the own race of a known-bad control. */
export function isMeasured(plan: Plan, cell: Cell): boolean {
  return cell.case.witness === 'race' && controlOf(plan, cell)?.kind === 'bad'
}

/**
 * The rates measured in a run so far, one for each control, reproducer, trigger and conditions. A control that was
 * tried and never hit is among them, with no hits: nothing may lean on it, nor on another line's in its place.
 */
export function ratesOf(plan: Plan, tried: TriedCells): ControlRate[] {
  return cellsOf(plan)
    .filter((cell) => isMeasured(plan, cell))
    .flatMap((cell) => {
      const because = controlOf(plan, cell)?.because ?? ''
      return trialGroups(tried.get(cellKey(cell)) ?? []).flatMap(({ program, trigger, conditions, trials, attempts }) => {
        const measuredAt = attempts
          .map(({ startedAt }) => startedAt)
          .toSorted()
          .at(-1)
        if (conditions === null || measuredAt === undefined || trials.trials === 0) return []
        return [
          {
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
          },
        ]
      })
    })
}

/**
 * The kept rates that a plan of these cases takes along: those of its races, under the profiles it runs them in. One that
 * has expired comes along, too, so that a cell can say why nothing may be leaned on.
 */
export function ratesFor(cases: readonly Case[], accelerator: Accelerator, kept: readonly ControlRate[]): ControlRate[] {
  const races = cases.filter(({ witness }) => witness === 'race')
  const profiles = new Map(races.map((theCase) => [theCase.id, profileNamesOf(theCase, accelerator)]))
  return kept.filter((rate) => profiles.get(rate.case)?.has(rate.profile))
}

/** A line for each race of a plan whose rates have all expired: what has changed since, and what to do. */
export function rateNotes(
  plan: Plan,
  programs: ReadonlyMap<string, { readonly sha256: string }>,
  here: Omit<Conditions, 'load'>,
): string[] {
  return [...Map.groupBy(plan.rates, (rate) => rate.case)].flatMap(([id, rates]) => {
    // How busy the host will be is not known yet.
    const changes = rates.map((rate) =>
      expiry(rate, { program: programs.get(id)?.sha256 ?? '', conditions: { ...here, load: rate.conditions.load } }),
    )
    const least = changes.toSorted((a, b) => a.length - b.length)[0] ?? []
    if (least.length === 0) return []
    return [`${id}: rates were measured ${least.join(', and ')}: they no longer count. kwitness controls measures them anew`]
  })
}
