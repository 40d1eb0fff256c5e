/** The races of a run: one at a time, each alone on this host. */
import { InvariantError } from '#domain/errors.ts'
import type { KernelImage } from '#domain/kernel.ts'
import { cellKey, type Cell } from '#plan/cells.ts'
import { raceOrder } from '#plan/race-schedule.ts'
import type { RunContext } from '../context/context.ts'
import { takeTurn } from './attempt.ts'
import { reportDone, runAttempt, type Admission } from './cell.ts'

/** Races whose kernel is fetched, by cellKey. */
export type OpenRaces = Map<string, { readonly cell: Cell; readonly image: KernelImage }>

/** Run races as the plan orders them, until their time is over: first those of controls, whose rates serve the others. */
export async function runRaces(context: RunContext, races: OpenRaces): Promise<void> {
  const { plan, attempts, slots } = context
  const open = [...races.values()].map(({ cell }) => cell)
  const alone =
    (cell: Cell): Admission =>
    async (guest) => {
      using _ = await slots.acquire(slots.total, 0)
      return await takeTurn(context, cell, guest)
    }
  for (const choose of raceOrder(plan)) {
    for (let next = choose(plan, attempts, open); next; next = choose(plan, attempts, open)) {
      const race = races.get(cellKey(next.cell))
      if (context.mayStart?.(next.budget.seconds) === false) return
      if (!race) throw new InvariantError(`${cellKey(next.cell)} is not open`)
      await runAttempt(context, race.cell, race.image, { budget: next.budget, admit: alone(race.cell) })
    }
  }
  for (const cell of open) reportDone(context, cell)
}
