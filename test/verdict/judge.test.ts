import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ControlRate } from '../../src/domain/control.ts'
import type { AttemptJudgement, Outcome, Trials } from '../../src/domain/judgement.ts'
import { judgeCell } from '../../src/verdict/judge.ts'
import { race, theCase } from './samples.ts'

const profile = 'x86_64-tcg-2cpu-1024m'
const control: ControlRate = {
  hits: 14,
  trials: 1500,
  case: 'sample-case',
  program: 'ab'.repeat(32),
  trigger: null,
  kernel: 'bad-5.10.223',
  series: '5.10.y',
  profile,
  conditions: { host: 'a host', qemu: '7.2.19', load: 'quiet' },
  leansOn: 'the seqcount check taken out',
  measuredAt: '2026-11-21T10:00:00.000Z',
}

function attempt(outcome: Outcome, trials: Trials | null = null, text: string = outcome): AttemptJudgement {
  return { outcome, ending: 'clean exit', reasons: [{ channel: 'output', line: 1, rule: 'sample', text }], trials, trigger: null }
}

const clean = (trials: number) => attempt('clean', { hits: 0, trials })

/** Outcomes of the attempts of a deterministic cell, and its verdict. */
const PRECEDENCE: readonly [readonly Outcome[], string][] = [
  [['clean'], 'carries'],
  [['reproduced'], 'lacks'],
  [['skipped'], 'not-applicable'],
  [['broken', 'broken'], 'broken'],
  [['unrelated-crash'], 'broken'],
  [['infra', 'no-boot', 'infra'], 'missing'],
  [[], 'missing'],
  [['infra', 'reproduced'], 'lacks'],
  [['no-boot', 'clean'], 'carries'],
  [['broken', 'clean'], 'carries'],
  [['broken', 'reproduced'], 'lacks'],
  [['unrelated-crash', 'reproduced'], 'lacks'],
  [['broken', 'skipped'], 'not-applicable'],
  [['skipped', 'clean'], 'carries'],
  [['skipped', 'reproduced'], 'lacks'],
  [['infra', 'broken'], 'broken'],
  [['clean', 'reproduced'], 'broken'],
]

for (const [outcomes, verdict] of PRECEDENCE) {
  test(`${outcomes.join(' and ') || 'nothing'} make a deterministic cell ${verdict}`, () => {
    const attempts = outcomes.map((outcome) => attempt(outcome))
    assert.equal(judgeCell({ theCase, profile, attempts, control: null }).verdict, verdict)
  })
}

/** What people read, whole, because it is written for them. */
const SENTENCES: readonly [string, AttemptJudgement[], ControlRate | null, typeof theCase, string][] = [
  ['lacks', [attempt('reproduced')], null, theCase, 'The bug was seen: the copy went through while an event was pending.'],
  ['carries', [attempt('clean')], null, theCase, 'The bug was not seen, and this case shows it every time where it is.'],
  ['not-applicable', [attempt('skipped', null, 'no UFFDIO_MOVE.')], null, theCase, 'It cannot be asked here: no UFFDIO_MOVE.'],
  ['broken', [attempt('broken', null, 'a self-check failed: x')], null, theCase, 'The case broke: a self-check failed: x.'],
  [
    'broken',
    [attempt('unrelated-crash', null, 'BUG: y')],
    null,
    theCase,
    'The guest crashed in a way this case is not about: BUG: y.',
  ],
  [
    'broken',
    [attempt('clean'), attempt('reproduced')],
    null,
    theCase,
    'The bug was seen in 1 of 2 attempts, though this case is held to show it every time.',
  ],
  ['missing', [], null, theCase, 'No attempt has been made.'],
  ['missing', [attempt('infra', null, 'disk full')], null, theCase, '1 attempt came to no answer: disk full.'],
  [
    'lacks',
    [attempt('reproduced', { hits: 3, trials: 200 }), clean(300)],
    control,
    race,
    'The bug was seen in 3 of 500 trials: the copy went through while an event was pending.',
  ],
  ['unproven', [attempt('clean')], control, race, 'The bug was not seen, but the case did not say in how many trials.'],
  [
    'unproven',
    [clean(1)],
    null,
    race,
    'The bug was not seen in 1 trial, but no control has been seen to hit under this profile.',
  ],
  [
    'unproven',
    [clean(1000), clean(695)],
    control,
    race,
    'The bug was not seen in 1695 trials; by the rate of the control (14 of 1500 on bad-5.10.223, at least 0.51 % per trial) ' +
      'the chance of a miss is 1.7e-4, and 1001 more clean trials would bring it down to 1e-6.',
  ],
  [
    'carries',
    [clean(2000), clean(696)],
    control,
    race,
    'The bug was not seen in 2696 trials; by the rate of the control (14 of 1500 on bad-5.10.223, at least 0.51 % per trial) ' +
      'the chance of a miss is 1.0e-6.',
  ],
]

for (const [verdict, attempts, rate, about, because] of SENTENCES) {
  test(`it says: ${because}`, () => {
    const judged = judgeCell({ theCase: about, profile, attempts, control: rate })
    assert.deepEqual([judged.verdict, judged.because], [verdict, because])
  })
}

test('a control of another profile, or one that never hit, proves nothing', () => {
  const kvm = { ...control, profile: 'x86_64-kvm-2cpu-1024m' }
  for (const rate of [kvm, { ...control, hits: 0 }, null]) {
    const judged = judgeCell({ theCase: race, profile, attempts: [clean(1_000_000)], control: rate })
    assert.deepEqual([judged.verdict, judged.missChance], ['unproven', null])
    assert.deepEqual(judged.trials, { hits: 0, trials: 1_000_000 })
  }
})

test('a verdict that leans on a control says so in its reasons', () => {
  const judged = judgeCell({ theCase: race, profile, attempts: [clean(5000)], control })
  assert.deepEqual(judged.reasons.at(-1), {
    channel: 'host',
    line: null,
    rule: 'judge/control',
    text: 'leans on bad-5.10.223: the seqcount check taken out',
  })
})

test('the bound decides, and the trials still needed are the ones that reach it', () => {
  const at = (trials: number, bound: number) => judgeCell({ theCase: race, profile, attempts: [clean(trials)], control, bound })
  assert.equal(at(100, 1e-6).verdict, 'unproven')
  assert.equal(at(100, 0.9).verdict, 'carries')
  const short = at(100, 1e-3)
  const needed = Number(/and (\d+) more clean trials/.exec(short.because)?.[1])
  assert.equal(at(100 + needed, 1e-3).verdict, 'carries')
  assert.equal(at(100 + needed - 1, 1e-3).verdict, 'unproven')
})

test('trials of attempts that do not count are left out', () => {
  const attempts = [attempt('infra', { hits: 0, trials: 9000 }), attempt('broken', { hits: 0, trials: 9000 }), clean(10)]
  assert.deepEqual(judgeCell({ theCase: race, profile, attempts, control }).trials, { hits: 0, trials: 10 })
})

const anyOutcome = fc.constantFrom<Outcome>('reproduced', 'clean', 'skipped', 'broken', 'unrelated-crash', 'no-boot', 'infra')

test('the order of attempts does not change a verdict, and a race carries only with a control', () => {
  fc.assert(
    fc.property(fc.array(anyOutcome, { maxLength: 5 }), fc.boolean(), fc.boolean(), (outcomes, isRace, controlled) => {
      const about = isRace ? race : theCase
      const attempts = outcomes.map((outcome) => (isRace && outcome === 'clean' ? clean(5000) : attempt(outcome)))
      const input = { theCase: about, profile, control: controlled ? control : null }
      const { verdict } = judgeCell({ ...input, attempts })
      assert.equal(judgeCell({ ...input, attempts: attempts.toReversed() }).verdict, verdict)
      if (verdict === 'carries') assert.ok(outcomes.includes('clean') && (!isRace || controlled))
      if (verdict === 'lacks') assert.ok(outcomes.includes('reproduced'))
    }),
  )
})
