import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Case } from '#domain/case.ts'
import type { CellJudgement, Outcome } from '#domain/judgement.ts'
import { judgeCell } from '#verdict/cell/judge.ts'
import type { CellInput } from '#verdict/race/standing.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { cellInput, clean, race, rate, theCase, tried } from '#test/helpers/judging.ts'

/** Judge attempts of a cell with the sample rate. */
function judge(about: Case, attempts: readonly JudgedAttempt[], changes: Partial<CellInput> = {}): CellJudgement {
  return judgeCell(about, cellInput(attempts, changes))
}

const saying = (outcome: Outcome, text: string): JudgedAttempt => ({
  ...tried(outcome),
  reasons: [{ channel: 'output', line: 1, rule: 'sample', text }],
})

/** Outcomes of the attempts of a deterministic cell, and its verdict. */
const PRECEDENCE: readonly [readonly Outcome[], string][] = [
  [['not-reproduced'], 'carries'],
  [['reproduced'], 'lacks'],
  [['skipped'], 'not-applicable'],
  [['error', 'error'], 'error'],
  [['unrelated-crash'], 'error'],
  [['infra', 'no-boot', 'infra'], 'no-result'],
  [[], 'no-result'],
  [['infra', 'reproduced'], 'lacks'],
  [['no-boot', 'not-reproduced'], 'carries'],
  [['error', 'not-reproduced'], 'carries'],
  [['error', 'reproduced'], 'lacks'],
  [['unrelated-crash', 'reproduced'], 'lacks'],
  [['error', 'skipped'], 'not-applicable'],
  [['skipped', 'not-reproduced'], 'carries'],
  [['skipped', 'reproduced'], 'lacks'],
  [['infra', 'error'], 'error'],
  [['not-reproduced', 'reproduced'], 'error'],
]

for (const [outcomes, verdict] of PRECEDENCE) {
  test(`${outcomes.join(' and ') || 'nothing'} make a deterministic cell ${verdict}`, () => {
    const judged = judge(
      theCase,
      outcomes.map((outcome) => tried(outcome)),
    )
    assert.deepEqual([judged.verdict, judged.race], [verdict, null])
  })
}

const EXTRAPOLATED = { series: '6.1.y' }
const CONTROL = '14 of 1,500 on bad-5.10.223'

/** What people read, whole, because it is written for them. */
const SENTENCES: readonly [string, readonly JudgedAttempt[], Case, string, Partial<CellInput>?][] = [
  ['lacks', [tried('reproduced')], theCase, 'The bug was seen: the copy went through while an event was pending.'],
  ['carries', [tried('not-reproduced')], theCase, 'The bug was not seen, and this case shows it every time.'],
  ['not-applicable', [saying('skipped', 'no UFFDIO_MOVE.')], theCase, 'The case does not apply here: no UFFDIO_MOVE.'],
  ['error', [saying('error', 'a self-check failed: x')], theCase, 'The case failed: a self-check failed: x.'],
  ['error', [saying('unrelated-crash', 'BUG: y')], theCase, 'The guest crashed, which is not the symptom of this case: BUG: y.'],
  [
    'error',
    [tried('not-reproduced'), tried('reproduced')],
    theCase,
    'The bug was seen in 1 of 2 attempts, but a deterministic case must show it every time.',
  ],
  ['no-result', [], theCase, 'There was no attempt.'],
  ['no-result', [saying('infra', 'disk full')], theCase, '1 attempt without an answer: disk full.'],
  [
    'lacks',
    [tried('reproduced', { hits: 3, trials: 1200 }), clean(300)],
    race,
    'The bug was seen in 3 of 1,500 trials: the copy went through while an event was pending.',
  ],
  ['inconclusive', [tried('not-reproduced')], race, 'The bug was not seen, but the case did not report its trials.'],
  [
    'inconclusive',
    [clean(1)],
    race,
    'The bug was not seen in 1 trial, which proves nothing without a reference rate.',
    { rates: [] },
  ],
  [
    'inconclusive',
    [clean(1000), clean(695)],
    race,
    `The bug was not seen in 1,695 trials; where it is, at least 0.51 % of trials show it (${CONTROL}): ` +
      'miss probability 0.017 %; 1,001 more trials without a hit would bring it to 0.0001 %.',
  ],
  [
    'carries',
    [clean(2000), clean(696)],
    race,
    `The bug was not seen in 2,696 trials; where it is, at least 0.51 % of trials show it (${CONTROL}): ` +
      'miss probability 0.0001 %.',
  ],
  [
    'carries',
    [clean(2696)],
    race,
    `The bug was not seen in 2,696 trials; where it is, at least 0.51 % of trials show it (${CONTROL}, ` +
      'extrapolated from 5.10.y): miss probability 0.0001 %.',
    EXTRAPOLATED,
  ],
]

for (const [verdict, attempts, about, summary, changes] of SENTENCES) {
  test(`it says: ${summary}`, () => {
    const judged = judge(about, attempts, changes)
    assert.deepEqual([judged.verdict, judged.summary], [verdict, summary])
  })
}

test('with the rate withheld any number of clean trials is inconclusive, and how many remain is unknown', () => {
  const judged = judge(race, [clean(1_000_000)], { rates: [] })
  assert.deepEqual([judged.verdict, judged.missProbability, judged.race?.trialsRemaining], ['inconclusive', null, null])
  assert.deepEqual(judged.trials, { hits: 0, trials: 1_000_000 })
})

test('a verdict names its reference rate in its reasons', () => {
  assert.deepEqual(judge(race, [clean(5000)]).reasons.at(-1), {
    channel: 'host',
    line: null,
    rule: 'judge/control',
    text: 'reference rate of bad-5.10.223: the seqcount check taken out',
  })
})

test('the bound decides, and the trials missing are the ones that reach it', () => {
  const at = (trials: number, bound: number) => judge(race, [clean(trials)], { maxMissProbability: bound })
  assert.equal(at(100, 1e-3).verdict, 'inconclusive')
  assert.equal(at(100, 0.9).verdict, 'carries')
  const needed = at(100, 1e-3).race?.trialsRemaining ?? 0
  assert.ok(needed > 0)
  assert.equal(at(100 + needed, 1e-3).verdict, 'carries')
  assert.equal(at(100 + needed - 1, 1e-3).verdict, 'inconclusive')
})

test('trials of attempts that do not count are left out', () => {
  const attempts = [tried('infra', { hits: 0, trials: 9000 }), tried('error', { hits: 0, trials: 9000 }), clean(10)]
  const judged = judge(race, attempts)
  assert.deepEqual(
    [judged.trials, judged.race?.trials],
    [
      { hits: 0, trials: 10 },
      { hits: 0, trials: 10 },
    ],
  )
})

const anyOutcome = fc.constantFrom<Outcome>(
  'reproduced',
  'not-reproduced',
  'skipped',
  'error',
  'unrelated-crash',
  'no-boot',
  'infra',
)

test('the order of attempts does not change a verdict, and a race carries only with a control', () => {
  fc.assert(
    fc.property(fc.array(anyOutcome, { maxLength: 5 }), fc.boolean(), fc.boolean(), (outcomes, isRace, controlled) => {
      const about = isRace ? race : theCase
      const attempts = outcomes.map((outcome) => (isRace && outcome === 'not-reproduced' ? clean(5000) : tried(outcome)))
      const rates = controlled ? [rate()] : []
      const { verdict } = judge(about, attempts, { rates })
      assert.equal(judge(about, attempts.toReversed(), { rates }).verdict, verdict)
      if (verdict === 'carries') assert.ok(outcomes.includes('not-reproduced') && (!isRace || controlled))
      if (verdict === 'lacks') assert.ok(outcomes.includes('reproduced'))
    }),
  )
})
