/** Races in words: the hint beside a verdict, the parts of a line, and what the panel and `why` say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RaceStanding } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import { raceHint, raceLines, raceParts, restsOnMissProbability, raceText } from '#render/text/race.ts'
import { CONTROL, RATE, standing } from '#test/helpers/races.ts'

const clean = (trials: number, changes: Partial<RaceStanding> = {}) => standing({ hits: 0, trials }, changes)

const HINTS: readonly (readonly [what: string, verdict: Verdict, race: RaceStanding | null, hint: string, odds: boolean])[] = [
  ['no race', 'carries', null, '', false],
  ['clean often enough', 'carries', clean(2700), 'miss <0.0001 %', true],
  ['clean by the rate of another line', 'carries', clean(2700, { extrapolated: true }), 'if like 5.10.y', true],
  ['clean, not often enough', 'inconclusive', clean(400), '2.3K to go', true],
  ['clean, not often enough by another line', 'inconclusive', clean(400, { extrapolated: true }), '2.3K to go', true],
  ['clean without a control', 'inconclusive', clean(400, { reference: null }), 'no control', true],
  ['a hit', 'lacks', standing({ hits: 1, trials: 312 }), '1 hit in 312', false],
  ['broken after clean trials', 'error', clean(400), '', false],
]

for (const [what, verdict, race, hint, odds] of HINTS) {
  test(`beside the verdict of ${what}: ${hint || 'nothing'}`, () => {
    assert.deepEqual([raceHint({ race, verdict }), restsOnMissProbability({ race, verdict })], [hint, odds])
  })
}

const label = (id: string) => (id === CONTROL.kernel ? 'the bad one' : id)

test('in short: hits and rate, miss probability, trials needed, control kernel, its series', () => {
  assert.deepEqual(raceParts(clean(400, { extrapolated: true }), label), [
    '0 hits in 400 trials (rate at most 0.92 %)',
    'miss probability 13 %',
    '2,296 more trials without a hit to 0.0001 % or less',
    'control the bad one: 14 hits in 1,500 trials (0.51 % to 1.6 %)',
    'extrapolated from 5.10.y',
  ])
  assert.deepEqual(raceParts(standing({ hits: 1, trials: 312 }), label), ['1 hit in 312 trials (rate 0.0081 % to 1.8 %)'])
})

test('why: sentences first, then the numbers beside those of the reference', () => {
  const lines = raceLines(raceText({ race: clean(400, { extrapolated: true }) }, '6.1.y', label))
  assert.deepEqual(lines, [
    'The bug did not show itself here.',
    'Kernel                 this one | control: the bad one',
    'Trials counted         400 | control: 1,500',
    'Hits                   none; 2 or more are expected with the bug | control: 14',
    'Rate, 95 % confidence  at most 0.92 % | control: 0.51 % to 1.6 %',
    'Miss probability       13 %; accepted at 0.0001 % or less',
    'Trials needed          2,296 more, all without a hit',
    'Code path              pin-longterm-test',
    `Control kernel         ${CONTROL.summary}`,
    'Rate measured on       5.10.y, extrapolated: this kernel is 6.1.y, so the rate is an assumption here',
    'Measured at            2026-11-02 03:00 UTC in x86_64-tcg-2cpu-512m, quiet host',
    'Measured by            Linux 6.1.0-50-amd64, 2 x Example CPU at 2.50GHz, QEMU 7.2.22',
  ])
  assert.deepEqual(raceLines(raceText({ race: null }, '6.1.y', label)), [])
})

test('how far the trials reach is said only where there is something to reach for', () => {
  const reach = (race: RaceStanding) => raceText({ race }, '5.10.y', label)?.reach
  assert.deepEqual(reach(clean(674)), { share: 0.25, text: '674 of 2,696 trials without a hit' })
  assert.deepEqual(reach(clean(2700)), { share: 1, text: '2,700 trials without a hit are enough' })
  assert.equal(reach(clean(2700, { reference: null })), null)
  assert.equal(reach(standing({ hits: 1, trials: 312 })), null)
})

test('after a hit no reference rate is used, and no miss probability given', () => {
  const worded = raceText({ race: standing({ hits: 14, trials: 1500 }) }, RATE.series, label)
  assert.deepEqual(
    worded?.compared.map(({ here }) => here),
    ['1,500', '14', '0.51 % to 1.6 %'],
  )
  assert.ok(worded.compared.every(({ there }) => there === null))
  assert.deepEqual(worded?.facts, [
    ['Miss probability', 'none: the bug was seen'],
    ['Code path', 'pin-longterm-test'],
  ])
})
