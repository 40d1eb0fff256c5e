/** How long attempts take on this host, estimated from earlier ones: the scheduler starts the longest job first. */
import type { Case } from '#domain/case.ts'
import type { AttemptTime } from '#domain/evidence.ts'
import type { ProfileAccelerator } from '#domain/profile.ts'
import { profileNamesOf, slowness } from './cells.ts'
import type { PlanCommon } from './plan.ts'

/** Host seconds beside those of a case that has no measured attempt: its guest, its logs. */
const OVERHEAD_SECONDS = 0.3

/** Host seconds of all trials of a schedule, before any was measured: long enough to begin with them. */
const SCHEDULE_SECONDS = 20

/** Host seconds of an attempt by case id: the median of earlier attempts in such guests. A case without any is absent. */
export function estimatesFrom(
  cases: readonly Case[],
  accelerator: ProfileAccelerator,
  times: readonly AttemptTime[],
  userland?: string,
): Record<string, number> {
  const known = Map.groupBy(times, ({ case: id, profile }) => `${id}/${profile}`)
  return Object.fromEntries(
    cases.flatMap((theCase) => {
      const own = [...profileNamesOf(theCase, accelerator, userland)].flatMap(
        (profile) => known.get(`${theCase.id}/${profile}`) ?? [],
      )
      const median = own.map(({ seconds }) => seconds).toSorted((a, b) => a - b)[own.length >> 1]
      return median === undefined ? [] : [[theCase.id, median]]
    }),
  )
}

/** Host seconds that an attempt of this case is expected to take. */
export function expectedSeconds(plan: Pick<PlanCommon, 'estimates' | 'bootSeconds'>, theCase: Case): number {
  const guestSeconds = theCase.oracle === 'schedule' ? SCHEDULE_SECONDS : theCase.timing.expectedSeconds
  return plan.estimates[theCase.id] ?? guestSeconds * slowness(plan) + OVERHEAD_SECONDS
}
