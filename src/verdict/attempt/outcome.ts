/** The outcome of an attempt: an ordered list of small rules decides it from the evidence. */
import { isOfSuite, type Case } from '#domain/case.ts'
import { InvariantError } from '#domain/errors.ts'
import type { Evidence } from '#domain/evidence.ts'
import type { AttemptJudgement, Outcome, Reason } from '#domain/judgement.ts'
import { endingWord } from './ending.ts'
import { gatherFacts, type Facts, type Note, type Reading, type Rule } from './facts.ts'
import { crashRules, guestNotes, hangRules, lossRule, startRules } from './guest-rules.ts'
import { suiteRules } from './suite-rules.ts'
import { symptomRules } from './symptom-rules.ts'
import { errorRules, notReproducedRule, reproducedRule, skippedRule, testNotes } from './test-rules.ts'

/**
 * The first rule that observes something decides, so the order is the policy: an ending that is the symptom is the answer; a
 * guest that crashed otherwise does not count; a case that failed its checks does not count; an observed bug counts even with
 * a gap in the log; only a complete log shows that the bug did not occur.
 */
const CASE_RULES: readonly Rule[] = [
  ...startRules,
  ...symptomRules,
  ...crashRules,
  ...hangRules,
  ...errorRules,
  reproducedRule,
  skippedRule,
  lossRule,
  notReproducedRule,
]

/** A program of a suite only has to give results. */
const SUITE_RULES: readonly Rule[] = [...startRules, ...crashRules, ...hangRules, ...suiteRules]

/** Outcomes that rest on the output of the case. */
const FROM_OUTPUT: readonly Outcome[] = ['reproduced', 'not-reproduced', 'reported', 'skipped']

/** Reasons are for people, who read no more than this many of one rule, or characters of one reason. */
const MAX_REASONS = 20
const MAX_CHARACTERS = 300

function apply(rule: Note, facts: Facts): Reason[] {
  const seen = rule.look(facts).map(({ channel, line, text }): Reason => {
    const short = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}...` : text
    return { channel, line, rule: rule.id, text: short }
  })
  const first = seen[0]
  if (!first || seen.length <= MAX_REASONS) return seen
  return [...seen.slice(0, MAX_REASONS), { ...first, line: null, text: `and ${seen.length - MAX_REASONS} more` }]
}

/** A `not ok` that did not decide is reported as not counted, so that the reader knows kwitness did not overlook it. */
function notCounted(facts: Facts): Reason[] {
  return apply({ ...reproducedRule, id: 'output/not-counted' }, facts).map((reason) => ({
    ...reason,
    text: `the case said "${reason.text}", which does not count here`,
  }))
}

/**
 * Judge one attempt from its evidence and its parsed logs. Every behaviour of a guest has an outcome: only a rule table without
 * a match throws (InvariantError). Reasons list the deciding rule first, then the notes.
 */
export function judgeAttempt(evidence: Evidence, reading: Reading, theCase: Case): AttemptJudgement {
  const facts = gatherFacts(evidence, reading, theCase)
  const ending = endingWord(evidence.ending, reading.console, reading.consoleLines)
  const noted = (notes: readonly Note[]) => notes.flatMap((note) => apply(note, facts))
  const ofSuite = isOfSuite(theCase)
  for (const rule of ofSuite ? SUITE_RULES : CASE_RULES) {
    const reasons = apply(rule, facts)
    if (reasons.length === 0) continue
    const { outcome } = rule
    if (!FROM_OUTPUT.includes(outcome)) {
      const ignored = ofSuite ? [] : notCounted(facts)
      return { outcome, ending, reasons: [...reasons, ...ignored, ...noted(guestNotes)], trials: null, codePath: null }
    }
    const notes = noted(rule.notes ?? [...(ofSuite ? [] : testNotes), lossRule, ...guestNotes])
    const said = { trials: facts.trials.trials, codePath: facts.trials.triggers[0] ?? null }
    return { outcome, ending, reasons: [...reasons, ...notes], ...said }
  }
  throw new InvariantError(`no rule decides attempt ${JSON.stringify(evidence.job)}`)
}
