/** The outcome of an attempt, drawn from its evidence by an ordered list of small rules. */
import { isOfSuite, type Case } from '#domain/case.ts'
import { InvariantError } from '#domain/errors.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { AttemptJudgement, Outcome, Reason } from '#domain/judgement.ts'
import { endingWord } from './ending.ts'
import { gatherFacts, type Facts, type Note, type Reading, type Rule } from './facts.ts'
import { crashRules, guestNotes, hangRules, lossRule, startRules } from './guest-rules.ts'
import { suiteRules } from './suite-rules.ts'
import { symptomRules } from './symptom-rules.ts'
import { brokenRules, cleanRule, reproducedRule, skippedRule, testNotes } from './test-rules.ts'

/**
 * The first rule that sees something decides, so the order is the policy: an end that is the symptom itself is the answer,
 * a guest hurt in any other way is not listened to, a case that broke is not believed, a bug seen stands even where log was
 * lost, and only a whole log can be clean.
 */
const DECIDING: readonly Rule[] = [
  ...startRules,
  ...symptomRules,
  ...crashRules,
  ...hangRules,
  ...brokenRules,
  reproducedRule,
  skippedRule,
  lossRule,
  cleanRule,
]

/** A program of a suite is asked for its results alone. */
const DECIDING_OF_SUITES: readonly Rule[] = [...startRules, ...crashRules, ...hangRules, ...suiteRules]

/** Outcomes in which the case's own word was heard. */
const HEARD: readonly Outcome[] = ['reproduced', 'not-reproduced', 'reported', 'skipped']

/** Reasons are for people: past this many of one rule, or this many characters, more of them say nothing more. */
const MOST_REASONS = 20
const MOST_CHARACTERS = 300

function ask(rule: Note, facts: Facts): Reason[] {
  const seen = rule.look(facts).map(({ channel, line, text }): Reason => {
    const short = text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text
    return { channel, line, rule: rule.id, text: short }
  })
  const first = seen[0]
  if (!first || seen.length <= MOST_REASONS) return seen
  return [...seen.slice(0, MOST_REASONS), { ...first, line: null, text: `and ${seen.length - MOST_REASONS} more` }]
}

/** A `not ok` that did not decide is shown as not counted, so that nobody has to wonder whether it was missed. */
function notCounted(facts: Facts): Reason[] {
  return ask({ ...reproducedRule, id: 'output/not-counted' }, facts).map((reason) => ({
    ...reason,
    text: `the case said "${reason.text}", which does not count here`,
  }))
}

/**
 * Judge one attempt from its evidence and what the readers made of its logs. Total: whatever a guest did has an
 * outcome, nothing is thrown for it. Reasons list the deciding rule first, then notes that decided nothing.
 */
export function judgeAttempt(evidence: Evidence, reading: Reading, theCase: Case): AttemptJudgement {
  const facts = gatherFacts(evidence, reading, theCase)
  const ending = endingWord(evidence.ending, reading.console, reading.consoleLines)
  const noted = (notes: readonly Note[]) => notes.flatMap((note) => ask(note, facts))
  const ofSuite = isOfSuite(theCase)
  for (const rule of ofSuite ? DECIDING_OF_SUITES : DECIDING) {
    const reasons = ask(rule, facts)
    if (reasons.length === 0) continue
    const { outcome } = rule
    if (!HEARD.includes(outcome)) {
      const unheard = ofSuite ? [] : notCounted(facts)
      return { outcome, ending, reasons: [...reasons, ...unheard, ...noted(guestNotes)], trials: null, codePath: null }
    }
    const notes = noted(rule.notes ?? [...(ofSuite ? [] : testNotes), lossRule, ...guestNotes])
    const said = { trials: facts.trials.trials, codePath: facts.trials.triggers[0] ?? null }
    return { outcome, ending, reasons: [...reasons, ...notes], ...said }
  }
  throw new InvariantError(`no rule could make anything of attempt ${JSON.stringify(evidence.job)}`)
}
