/** The verdict of a cell, from the judgements of its attempts and, for a race, the rate of a control. */
import type { Case } from '#domain/case.ts'
import type { RaceStanding, Trials } from '#domain/control.ts'
import type { AttemptJudgement, CellJudgement, Outcome, Reason, Verdict } from '#domain/judgement.ts'
import { standingOf, type CellInput } from '../race/standing.ts'
import { sumTrials } from '../attempt/trials.ts'
import { atLeastPercent, count, grouped, onceIn } from '../numbers.ts'

const NOT_AN_ANSWER: readonly Outcome[] = ['infra', 'no-boot']

function sentence(text: string): string {
  return `${text.trim().replace(/\.+$/, '')}.`
}

/** What decided an attempt, in its own words. */
function firstWords({ reasons, ending }: AttemptJudgement): string {
  return reasons[0]?.text ?? ending
}

function answer(verdict: Verdict, summary: string, attempt?: AttemptJudgement, more: Partial<CellJudgement> = {}): CellJudgement {
  const nothing = { reasons: attempt?.reasons ?? [], trials: null, missProbability: null, race: null }
  return { verdict, summary: sentence(summary), ...nothing, ...more }
}

/** A race that stayed clean: believed only against the rate at which the bug shows itself where it is. */
function judgeCleanRace(clean: AttemptJudgement, trials: Trials | null, race: RaceStanding | null): CellJudgement {
  if (trials === null || race === null) {
    return answer('inconclusive', 'The bug was not seen, but the case did not say in how many trials', clean)
  }
  const { reference, referenceInterval, missProbability, trialsRemaining, maxMissProbability, extrapolated } = race
  const seen = `The bug was not seen in ${count(race.trials.trials, 'trial')}`
  if (reference === null || referenceInterval === null || missProbability === null || trialsRemaining === null) {
    return answer('inconclusive', `${seen}, which proves nothing: no known-bad kernel may be leaned on`, clean, { trials, race })
  }
  const text = `leans on ${reference.kernel}: ${reference.controlSummary}`
  const leaning: Reason = { channel: 'host', line: null, rule: 'judge/control', text }
  const numbers = { trials, missProbability, race, reasons: [...clean.reasons, leaning] }
  const ofLine = extrapolated ? `, of another line (${reference.series})` : ''
  const rate = `${reference.hits} of ${grouped(reference.trials)} on ${reference.kernel}${ofLine}`
  const odds = `${seen}; where it is, at least ${atLeastPercent(referenceInterval.low)} of trials show it (${rate})`
  const chance = onceIn(missProbability)
  if (trialsRemaining === 0) return answer('carries', `${odds}: so clean a run comes by chance at most ${chance}`, clean, numbers)
  const more = `${count(trialsRemaining, 'more clean trial')} would make that ${onceIn(maxMissProbability)}`
  return answer('inconclusive', `${odds}: so clean a run may come by chance ${chance}; ${more}`, clean, numbers)
}

/**
 * Judge the cell of a case. What was seen comes before what was not: a bug seen, then a clean answer, then a skip, then trouble.
 * Attempts that our side or the boot lost are no answers and never count. A deterministic case that both saw the bug
 * and did not is broken: either its oracle or the word `deterministic` is wrong, and a person has to look.
 */
export function judgeCell(theCase: Case, input: CellInput): CellJudgement {
  const { attempts } = input
  const answers = attempts.filter(({ outcome }) => !NOT_AN_ANSWER.includes(outcome))
  const having = (outcome: Outcome) => answers.filter((attempt) => attempt.outcome === outcome)
  const reproduced = having('reproduced')
  const clean = having('not-reproduced')
  const trials = sumTrials([...reproduced, ...clean].flatMap((attempt) => attempt.trials ?? []))
  const race = theCase.oracle === 'statistical' ? standingOf(input) : null

  const [seen] = reproduced
  const [unseen] = clean
  if (seen && unseen && theCase.oracle === 'deterministic') {
    const share = `${reproduced.length} of ${reproduced.length + clean.length} attempts`
    return answer('error', `The bug was seen in ${share}, though this case is held to show it every time`, seen)
  }
  if (seen) {
    const share = trials === null ? '' : ` in ${trials.hits} of ${count(trials.trials, 'trial')}`
    return answer('lacks', `The bug was seen${share}: ${theCase.symptom}`, seen, { trials, race })
  }
  if (unseen && theCase.oracle === 'statistical') return judgeCleanRace(unseen, trials, race)
  if (unseen) return answer('carries', 'The bug was not seen, and this case shows it every time where it is', unseen, { trials })

  const [skipped] = having('skipped')
  if (skipped) return answer('not-applicable', `It cannot be asked here: ${firstWords(skipped)}`, skipped)
  const trouble = answers.at(-1)
  if (trouble) {
    const what = trouble.outcome === 'error' ? 'The case broke' : 'The guest crashed in a way this case is not about'
    return answer('error', `${what}: ${firstWords(trouble)}`, trouble)
  }
  const lost = attempts.at(-1)
  if (!lost) return answer('no-result', 'No attempt has been made')
  const made = count(attempts.length, 'attempt')
  return answer('no-result', `${made} came to no answer: ${firstWords(lost)}`, lost)
}
