/** The reference rates of a run: those kept of earlier runs, and those that its own controls show. */
import type { Case } from '#domain/case.ts'
import type { Conditions, ControlRate } from '#domain/control.ts'
import { profileName, type ProfileAccelerator } from '#domain/profile.ts'
import { expiry } from '#verdict/race/conditions.ts'
import { trialGroups } from '#verdict/race/groups.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { cellKey, cellsOf, controlOf, profileNamesOf, type Cell } from './cells.ts'
import type { Plan, PlanCommon } from './plan.ts'

/** Judged attempts by cellKey. */
export type AttemptsByCell = ReadonlyMap<string, readonly JudgedAttempt[]>

/** Whether a cell is there to measure a rate: the own race of a known-bad control. */
export function isMeasured(plan: Plan, cell: Cell): boolean {
  return cell.case.oracle === 'statistical' && controlOf(plan, cell)?.kind === 'bad'
}

/**
 * The rates measured in a run so far, one for each control, reproducer, trigger and conditions. A control without a hit
 * is among them, with 0 hits: no cell may use it as a reference rate, nor the rate of another series in its place.
 */
export function ratesOf(plan: Plan, attempts: AttemptsByCell): ControlRate[] {
  return cellsOf(plan)
    .filter((cell) => isMeasured(plan, cell))
    .flatMap((cell) => {
      const summary = controlOf(plan, cell)?.summary ?? ''
      return trialGroups(attempts.get(cellKey(cell)) ?? []).flatMap(
        ({ program, codePath, conditions, trials, attempts: group }) => {
          const measuredAt = group
            .map(({ startedAt }) => startedAt)
            .toSorted()
            .at(-1)
          if (conditions === null || measuredAt === undefined || trials.trials === 0) return []
          return [
            {
              ...trials,
              case: cell.case.id,
              program,
              codePath,
              kernel: cell.kernel.id,
              series: cell.kernel.series,
              profile: profileName(cell.profile),
              conditions,
              controlSummary: summary,
              measuredAt,
            },
          ]
        },
      )
    })
}

/**
 * The kept rates that a plan of these cases records: those of its races, under the profiles it runs them in. Expired ones
 * are among them, so that the verdict of a cell can name what expired.
 */
export function ratesFor(
  cases: readonly Case[],
  accelerator: ProfileAccelerator,
  kept: readonly ControlRate[],
  userland?: string,
): ControlRate[] {
  const races = cases.filter(({ oracle }) => oracle === 'statistical')
  const profiles = new Map(races.map((theCase) => [theCase.id, profileNamesOf(theCase, accelerator, userland)]))
  return kept.filter((rate) => profiles.get(rate.case)?.has(rate.profile))
}

/** A line for each race of a plan whose rates have all expired: what has changed since, and what to do. */
export function rateNotes(
  plan: Pick<PlanCommon, 'rates'>,
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
    return [`${id}: rates were measured ${least.join(', and ')}: they no longer count. kwitness controls measures them again`]
  })
}
