/** Rules about what the case itself said: `not ok` = the bug was seen, `ok` = not seen, SKIP = cannot be asked here. */
import type { Outcome } from '#domain/judgement.ts'
import type { TestPoint, TestStatus } from '#domain/tests.ts'
import { observed, type Facts, type Note, type Rule, type Observation } from './facts.ts'

/** Statuses that decide nothing. TODO and XFAIL state an expectation, which a reproducer must not have. */
const UNDECIDED: Partial<Record<TestStatus, string>> = {
  error: 'could not decide',
  timeout: 'ran out of time',
  'not-reported': 'was planned and not reported',
  todo: 'is marked TODO, which a reproducer must not use',
  xfail: 'is marked XFAIL, which a reproducer must not use',
}

/** Exit statuses that agree with the results (kselftest.h: 0 pass, 1 fail, 4 skip); a program that skips may also exit 0. */
const EXITS = { reproduced: [1], skipped: [4, 0], 'not-reproduced': [0] } satisfies Partial<Record<Outcome, number[]>>

/** `test 2 zeropage` or, nameless, `test 2`. */
function label({ number, name }: TestPoint): string {
  return `test ${number} ${name}`.trim()
}

function at(point: TestPoint, text: string): Observation {
  return observed('output', text, point.line ?? null)
}

function withStatus({ leaves }: Facts, status: TestStatus): TestPoint[] {
  return leaves.filter((leaf) => leaf.status === status)
}

/** What all points together say, before any other rule. */
function gist(facts: Facts): keyof typeof EXITS {
  if (withStatus(facts, 'fail').length > 0) return 'reproduced'
  return facts.leaves.every((leaf) => leaf.status === 'skip') ? 'skipped' : 'not-reproduced'
}

function skips(facts: Facts): Observation[] {
  const whole = facts.reading.tests.documents
    .filter((document) => document.skipAll !== null && document.points.length === 0)
    .map((document) => observed('output', document.skipAll || 'skipped, no reason given'))
  const points = withStatus(facts, 'skip').map((point) => at(point, point.reason || `${label(point)} skipped, no reason given`))
  return [...whole, ...points]
}

/** Problems the reader found; if it found none, the number of tests is compared with the plan again. */
function problems(facts: Facts): Observation[] {
  const { documents, problems: ofStream } = facts.reading.tests
  const found = [...ofStream, ...documents.flatMap((document) => document.problems)]
  if (found.length > 0) return found.map(({ message, line }) => observed('output', message, line))
  if (facts.points.length === 0 && skips(facts).length === 0) return [observed('output', 'the case did not report any test')]
  return documents
    .filter(({ planned, points, skipAll }) => planned !== points.length && (skipAll === null || points.length > 0))
    .map(({ planned, points }) => observed('output', `${planned ?? 'no'} tests planned, ${points.length} reported`))
}

/** A parent fails if, and only if, one of its children does (ktap.rst). */
function parentContradictions({ points }: Facts): Observation[] {
  return points
    .filter(({ children }) => children.length > 0)
    .filter(({ status, children }) => (status === 'fail') !== children.some((child) => child.status === 'fail'))
    .map((point) => at(point, `${label(point)} contradicts its subtests`))
}

function exitContradiction(facts: Facts): Observation[] {
  const { ending } = facts.evidence
  if (ending.kind !== 'exited') return []
  const { code, signal } = ending.exit
  if (code === null) return [observed('agent', `signal ${signal} killed the case`)]
  const word = gist(facts)
  const allowed: readonly number[] = EXITS[word]
  return allowed.includes(code) ? [] : [observed('agent', `the case exited with status ${code}, but its results say ${word}`)]
}

function trialContradictions(facts: Facts): Observation[] {
  const { trials, triggers, malformed } = facts.trials
  const seen = malformed.map((line) => observed('output', `unreadable: ${line.trim()}`))
  if (triggers.length > 1) seen.push(observed('output', `the trials name more than one code path: ${triggers.join(', ')}`))
  if (trials === null || trials.hits > 0 === (gist(facts) === 'reproduced')) return seen
  return [...seen, observed('output', `${trials.hits} hits in ${trials.trials} trials, but the results say ${gist(facts)}`)]
}

/** Reasons not to believe the case, whatever it printed. */
export const errorRules: readonly Rule[] = [
  {
    id: 'output/bail-out',
    outcome: 'error',
    look: ({ reading }) =>
      reading.tests.documents
        .filter((document) => document.bailOut !== null)
        .map((document) => observed('output', `a self-check failed: ${document.bailOut || 'Bail out!'}`)),
  },
  { id: 'output/protocol', outcome: 'error', look: problems },
  {
    id: 'output/undecided',
    outcome: 'error',
    look: ({ points }) =>
      points.flatMap((point) => {
        const why = UNDECIDED[point.status]
        return why ? [at(point, `${label(point)} ${why}${point.reason && `: ${point.reason}`}`)] : []
      }),
  },
  { id: 'output/parent', outcome: 'error', look: parentContradictions },
  { id: 'agent/exit-status', outcome: 'error', look: exitContradiction },
  { id: 'output/trials', outcome: 'error', look: trialContradictions },
]

/** `not ok`: the bug was seen. */
export const reproducedRule: Rule = {
  id: 'output/not-ok',
  outcome: 'reproduced',
  look: (facts) => withStatus(facts, 'fail').map((point) => at(point, `${label(point)}: not ok`)),
}

/** The case does not apply: it skipped the whole, or every test. */
export const skippedRule: Rule = {
  id: 'output/skip',
  outcome: 'skipped',
  look: (facts) => (gist(facts) === 'skipped' ? skips(facts) : []),
}

/** What is left: at least one test ran and printed `ok`. */
export const notReproducedRule: Rule = {
  id: 'output/ok',
  outcome: 'not-reproduced',
  look: (facts) => withStatus(facts, 'pass').map((point) => at(point, `${label(point)}: ok`)),
}

/** Worth reporting, never deciding. */
export const testNotes: readonly Note[] = [
  {
    id: 'output/partly-skipped',
    look: (facts) => {
      const seen = skips(facts)
      const asked = facts.leaves.length - withStatus(facts, 'skip').length
      if (asked === 0 || seen.length === 0) return []
      const why = [...new Set(seen.map((skip) => skip.text))].join('; ')
      return [observed('output', `${seen.length} of ${asked + seen.length} tests skipped: ${why}`, seen[0]?.line)]
    },
  },
  {
    id: 'output/no-trials',
    look: (facts) =>
      facts.theCase.oracle === 'statistical' && facts.trials.trials === null && gist(facts) !== 'skipped'
        ? [observed('output', 'the case is a race, but did not report how many trials it made')]
        : [],
  },
]
