/** The verdict of a race that a debugger decides. */
import type { Verdict } from '#domain/judgement.ts'
import type { ScheduleStanding } from '#domain/race/schedule.ts'
import { boundariesIn, hitOf } from './standing.ts'

export interface ScheduleVerdict {
  readonly verdict: Extract<Verdict, 'carries' | 'lacks' | 'inconclusive'>
  /** One sentence for people, without its full stop. */
  readonly summary: string
}

/** Whether the second cut was made, as a clause. */
function secondCutClause({ secondCut }: ScheduleStanding): string {
  if (secondCut.problem !== null && secondCut.asked === false) return 'with one preemption, which is all that the case asks for'
  if (secondCut.problem !== null) return `a second preemption was not tried (${secondCut.problem})`
  const { symbol, every, instructions, cuts, control } = secondCut
  const edges = cuts.map(({ boundary }) => boundary).join(' and ')
  const steps = every === 1 ? 'each' : `every ${every}th`
  const second = `the second actor stopped at ${steps} of its ${instructions} instructions in ${symbol}`
  const hit = control.problem === null ? control.cut.runs.find((run) => run.hit) : undefined
  const seen = hit ? `, where it shows without the second actor's check (from its instruction ${hit.from} on)` : ''
  const unseen = control.problem ?? 'it does not show without the check either'
  return `nor with ${second} and the first one at ${edges}${hit ? seen : ` (no positive control for that: ${unseen})`}`
}

/**
 * `lacks` after one hit that came up again each time. `carries` only where every boundary was tried and clean, and the same
 * kernel without the fix shows the bug on the same path, if the case says how to disable it. Anything less is `inconclusive`,
 * with what is missing.
 */
export function judgeSchedule(standing: ScheduleStanding, symptom: string): ScheduleVerdict {
  const hit = hitOf(standing)
  if (hit !== null) return { verdict: 'lacks', summary: `The bug was seen ${hit}, each time: ${symptom}` }
  const { boundaries, tried, trials, missing, windows } = standing
  const [first, ...more] = missing
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    return {
      verdict: 'inconclusive',
      summary: `The bug was not seen at ${tried} of ${boundaries} boundaries, but ${first}${others}`,
    }
  }
  const control =
    standing.disabled.problem === null
      ? `with the fix disabled the same path shows it at ${windows.map(boundariesIn).join(', ')}`
      : 'this kernel has no positive control, kernels that lack the fix show it in the same window'
  const how = trials === undefined || trials >= boundaries ? '' : ` (${trials} tried, the rest come to the same)`
  return {
    verdict: 'carries',
    summary: `The bug was not seen at any of ${boundaries} boundaries${how}, ${secondCutClause(standing)}; ${control}`,
  }
}
