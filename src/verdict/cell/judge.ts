/** The verdict of a cell, from the judgements of its attempts and, for a race, the rate of a positive control. */
import type { Case } from '#domain/case.ts'
import type { RaceStanding, Trials } from '#domain/control.ts'
import type { ScheduleRecord } from '#domain/race/schedule.ts'
import type { AttemptJudgement, CellJudgement, Outcome, Reason, Verdict } from '#domain/judgement.ts'
import { standingOf, type CellInput } from '../race/standing.ts'
import { judgeSchedule } from '../schedule/judge.ts'
import { hitOf, standingOfSchedule } from '../schedule/standing.ts'
import { sumTrials } from '../attempt/trials.ts'
import { chanceOf, countOf, many, percentOf } from '#domain/numbers.ts'

const NOT_AN_ANSWER: readonly Outcome[] = ['infra', 'no-boot']

function sentence(text: string): string {
  return `${text.trim().replace(/\.+$/, '')}.`
}

/** The text of the reason that decided an attempt. */
function firstReason({ reasons, ending }: AttemptJudgement): string {
  return reasons[0]?.text ?? ending
}

function answer(verdict: Verdict, summary: string, attempt?: AttemptJudgement, more: Partial<CellJudgement> = {}): CellJudgement {
  const nothing = { reasons: attempt?.reasons ?? [], trials: null, missProbability: null, race: null }
  return { verdict, summary: sentence(summary), ...nothing, ...more }
}

/** A race without a hit: only the rate of a positive control shows what that is worth. */
function judgeRaceWithoutHit(unseen: AttemptJudgement, trials: Trials | null, race: RaceStanding | null): CellJudgement {
  if (trials === null || race === null) {
    return answer('inconclusive', 'The bug was not seen, but the case did not report its trials', unseen)
  }
  const { reference, referenceInterval, missProbability, trialsRemaining, maxMissProbability, extrapolated } = race
  const seen = `The bug was not seen in ${many(race.trials.trials, 'trial')}`
  if (reference === null || referenceInterval === null || missProbability === null || trialsRemaining === null) {
    return answer('inconclusive', `${seen}, which proves nothing without a reference rate`, unseen, { trials, race })
  }
  const text = `reference rate of ${reference.kernel}: ${reference.controlSummary}`
  const source: Reason = { channel: 'host', line: null, rule: 'judge/control', text }
  const numbers = { trials, missProbability, race, reasons: [...unseen.reasons, source] }
  const ofSeries = extrapolated ? `, extrapolated from ${reference.series}` : ''
  const rate = `${reference.hits} of ${countOf(reference.trials)} on ${reference.kernel}${ofSeries}`
  const share = percentOf(referenceInterval.low, 'floor')
  const compared = `${seen}; where it is, at least ${share} of trials show it (${rate})`
  const odds = `${compared}: miss probability ${chanceOf(missProbability)}`
  if (trialsRemaining === 0) return answer('carries', odds, unseen, numbers)
  const more = `${many(trialsRemaining, 'more trial')} without a hit would bring it to ${chanceOf(maxMissProbability)}`
  return answer('inconclusive', `${odds}; ${more}`, unseen, numbers)
}

/** A race whose every interleaving was tried. A hit in a trial that does not count is neither an answer nor forgotten. */
function judgeScheduled(
  { symptom }: Case,
  attempt: AttemptJudgement,
  record: ScheduleRecord,
  trials: Trials | null,
): CellJudgement {
  const standing = standingOfSchedule(record)
  const isUncounted = attempt.outcome === 'reproduced' && hitOf(standing) === null
  const isHeard = attempt.outcome === 'reproduced' || attempt.outcome === 'not-reproduced'
  const missing = [
    ...(isHeard ? [] : [`the attempt came to no answer: ${firstReason(attempt)}`]),
    ...(isUncounted ? ['the program saw the bug in a trial that does not count'] : []),
    ...standing.missing,
  ]
  const schedule = { ...standing, missing }
  const { verdict, summary } = judgeSchedule(schedule, symptom)
  return answer(verdict, summary, attempt, { trials, schedule })
}

/**
 * Judge the cell of a case. In order: the bug was seen, it was not seen, a skip, an error. Attempts that the host or the boot
 * lost do not count. A deterministic case that both saw the bug and did not is an error: its oracle is wrong, or it is not
 * deterministic, and a person must look.
 */
export function judgeCell(theCase: Case, input: CellInput): CellJudgement {
  const { attempts } = input
  const answers = attempts.filter(({ outcome }) => !NOT_AN_ANSWER.includes(outcome))
  const having = (outcome: Outcome) => answers.filter((attempt) => attempt.outcome === outcome)
  const reproduced = having('reproduced')
  const notReproduced = having('not-reproduced')
  const trials = sumTrials([...reproduced, ...notReproduced].flatMap((attempt) => attempt.trials ?? []))
  const race = theCase.oracle === 'statistical' ? standingOf(input) : null

  if (theCase.oracle === 'schedule') {
    // What was seen before a guest was lost says why there is no answer.
    const scheduled = [...reproduced, ...notReproduced, ...attempts.toReversed()].find((attempt) => attempt.schedule)
    if (scheduled?.schedule) return judgeScheduled(theCase, scheduled, scheduled.schedule, trials)
  }

  const [seen] = reproduced
  const [unseen] = notReproduced
  if (seen && unseen && theCase.oracle === 'deterministic') {
    const share = `${reproduced.length} of ${reproduced.length + notReproduced.length} attempts`
    return answer('error', `The bug was seen in ${share}, but a deterministic case must show it every time`, seen)
  }
  if (seen) {
    const share = trials === null ? '' : ` in ${trials.hits} of ${many(trials.trials, 'trial')}`
    return answer('lacks', `The bug was seen${share}: ${theCase.symptom}`, seen, { trials, race })
  }
  if (unseen && theCase.oracle === 'statistical') return judgeRaceWithoutHit(unseen, trials, race)
  if (unseen && theCase.oracle === 'schedule')
    return answer('inconclusive', 'The bug was not seen, but no record says at which boundaries it was tried', unseen, { trials })
  if (unseen) return answer('carries', 'The bug was not seen, and this case shows it every time', unseen, { trials })

  const [skipped] = having('skipped')
  if (skipped) return answer('not-applicable', `The case does not apply here: ${firstReason(skipped)}`, skipped)
  const failed = answers.at(-1)
  if (failed) {
    const what = failed.outcome === 'error' ? 'The case failed' : 'The guest crashed, which is not the symptom of this case'
    return answer('error', `${what}: ${firstReason(failed)}`, failed)
  }
  const lost = attempts.at(-1)
  if (!lost) return answer('no-result', 'There was no attempt')
  const made = many(attempts.length, 'attempt')
  return answer('no-result', `${made} without an answer: ${firstReason(lost)}`, lost)
}
