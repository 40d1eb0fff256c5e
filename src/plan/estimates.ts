/** How long attempts take here, by what earlier ones took: what is expected to take longest is begun first. */
import type { Case } from '#domain/case.ts'
import type { Accelerator } from '#domain/profile.ts'
import type { AttemptTime } from '#store/ports.ts'
import { profileNamesOf, slowness, type Plan } from './plan.ts'

/** Host seconds around a case that nobody has timed yet: its guest, its logs. */
const AROUND_SECONDS = 0.3

/** Host seconds of an attempt by case id, the middle one of those made in such guests; nothing of a case never tried. */
export function estimatesFrom(
  cases: readonly Case[],
  accelerator: Accelerator,
  times: readonly AttemptTime[],
): Record<string, number> {
  const known = Map.groupBy(times, ({ case: id, profile }) => `${id}/${profile}`)
  return Object.fromEntries(
    cases.flatMap((theCase) => {
      const own = [...profileNamesOf(theCase, accelerator)].flatMap((profile) => known.get(`${theCase.id}/${profile}`) ?? [])
      const middle = own.map(({ seconds }) => seconds).toSorted((a, b) => a - b)[own.length >> 1]
      return middle === undefined ? [] : [[theCase.id, middle]]
    }),
  )
}

/** Host seconds that an attempt of this case is expected to take. */
export function expectedSeconds(plan: Plan, theCase: Case): number {
  return plan.expected[theCase.id] ?? theCase.timing.expectedSeconds * slowness(plan) + AROUND_SECONDS
}
