/** The verdict of a cell, from the judgements of its attempts and, for a race, the rate of a control. */
import type { Case } from '../domain/case.ts'
import type { ControlRate } from '../domain/control.ts'
import type { AttemptJudgement, CellJudgement, Outcome, Reason, Trials, Verdict } from '../domain/judgement.ts'
import { missChance, rateInterval, trialsNeeded } from './statistics.ts'
import { sumTrials } from './trials.ts'

export interface CellInput {
  readonly theCase: Case
  /** profileName of the cell: a control's rate counts under the same profile only. */
  readonly profile: string
  readonly attempts: readonly AttemptJudgement[]
  /** Null when no control was tried. */
  readonly control: ControlRate | null
  /** The chance of a miss at which a clean race is believed. */
  readonly bound?: number
}

const NOT_AN_ANSWER: readonly Outcome[] = ['infra', 'no-boot']

function sentence(text: string): string {
  return `${text.trim().replace(/\.+$/, '')}.`
}

/** What decided an attempt, in its own words. */
function firstWords({ reasons, ending }: AttemptJudgement): string {
  return reasons[0]?.text ?? ending
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

function chance(value: number): string {
  return value < 0.001 ? value.toExponential(1) : value.toPrecision(2)
}

function answer(verdict: Verdict, because: string, attempt?: AttemptJudgement, more: Partial<CellJudgement> = {}): CellJudgement {
  const nothing = { reasons: attempt?.reasons ?? [], trials: null, missChance: null, race: null }
  return { verdict, because: sentence(because), ...nothing, ...more }
}

/** `14 of 1500 on KERNEL, at least 0.51 % per trial`. */
function controlWords({ hits, trials, kernel }: ControlRate, pLow: number): string {
  return `${hits} of ${trials} on ${kernel}, at least ${(100 * pLow).toPrecision(2)} % per trial`
}

/** A race that stayed clean: believed only against the rate at which the bug shows itself where it is. */
function judgeCleanRace(clean: AttemptJudgement, trials: Trials | null, input: CellInput): CellJudgement {
  const { profile, control, bound = 1e-6 } = input
  if (trials === null) {
    return answer('unproven', 'The bug was not seen, but the case did not say in how many trials', clean)
  }
  const seen = `The bug was not seen in ${count(trials.trials, 'trial')}`
  if (control === null || control.profile !== profile || control.hits === 0) {
    return answer('unproven', `${seen}, but no control has been seen to hit under this profile`, clean, { trials })
  }
  const { low } = rateInterval(control)
  const missed = missChance(low, trials.trials)
  const needed = trialsNeeded(low, bound) ?? Number.POSITIVE_INFINITY
  const text = `leans on ${control.kernel}: ${control.leansOn}`
  const leaning: Reason = { channel: 'host', line: null, rule: 'judge/control', text }
  const numbers = { trials, missChance: missed, reasons: [...clean.reasons, leaning] }
  const odds = `${seen}; by the rate of the control (${controlWords(control, low)}) the chance of a miss is ${chance(missed)}`
  if (missed <= bound) return answer('carries', odds, clean, numbers)
  const more = `${count(needed - trials.trials, 'more clean trial')} would bring it down to ${bound.toExponential()}`
  return answer('unproven', `${odds}, and ${more}`, clean, numbers)
}

/**
 * Judge a cell. What was seen comes before what was not: a bug seen, then a clean answer, then a skip, then trouble.
 * Attempts that our side or the boot lost are no answers and never count. A deterministic case that both saw the bug
 * and did not is broken: either its oracle or the word `deterministic` is wrong, and a person has to look.
 */
export function judgeCell(input: CellInput): CellJudgement {
  const { theCase, attempts } = input
  const answers = attempts.filter(({ outcome }) => !NOT_AN_ANSWER.includes(outcome))
  const having = (outcome: Outcome) => answers.filter((attempt) => attempt.outcome === outcome)
  const reproduced = having('reproduced')
  const clean = having('clean')
  const trials = sumTrials([...reproduced, ...clean].flatMap((attempt) => attempt.trials ?? []))

  const [seen] = reproduced
  const [unseen] = clean
  if (seen && unseen && theCase.witness === 'deterministic') {
    const share = `${reproduced.length} of ${reproduced.length + clean.length} attempts`
    return answer('broken', `The bug was seen in ${share}, though this case is held to show it every time`, seen)
  }
  if (seen) {
    const share = trials === null ? '' : ` in ${trials.hits} of ${trials.trials} trials`
    return answer('lacks', `The bug was seen${share}: ${theCase.symptom}`, seen, { trials })
  }
  if (unseen && theCase.witness === 'race') return judgeCleanRace(unseen, trials, input)
  if (unseen) return answer('carries', 'The bug was not seen, and this case shows it every time where it is', unseen, { trials })

  const [skipped] = having('skipped')
  if (skipped) return answer('not-applicable', `It cannot be asked here: ${firstWords(skipped)}`, skipped)
  const trouble = answers.at(-1)
  if (trouble) {
    const what = trouble.outcome === 'broken' ? 'The case broke' : 'The guest crashed in a way this case is not about'
    return answer('broken', `${what}: ${firstWords(trouble)}`, trouble)
  }
  const lost = attempts.at(-1)
  if (!lost) return answer('missing', 'No attempt has been made')
  const tried = count(attempts.length, 'attempt')
  return answer('missing', `${tried} came to no answer: ${firstWords(lost)}`, lost)
}
