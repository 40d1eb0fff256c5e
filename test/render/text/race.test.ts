/** Races in words: the hint beside a verdict, the parts of a line, and what the panel and `why` say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RaceStanding } from '#domain/control.ts'
import type { Verdict } from '#domain/judgement.ts'
import { raceHint, raceLines, raceParts, restsOnOdds, wordRace } from '#render/text/race.ts'
import { CONTROL, RATE, standing } from '#test/helpers/races.ts'

const clean = (trials: number, changes: Partial<RaceStanding> = {}) => standing({ hits: 0, trials }, changes)

const HINTS: readonly (readonly [what: string, verdict: Verdict, race: RaceStanding | null, hint: string, odds: boolean])[] = [
  ['no race', 'carries', null, '', false],
  ['clean often enough', 'carries', clean(2700), 'miss <1 in 1M', true],
  ['clean by the rate of another line', 'carries', clean(2700, { borrowed: true }), 'if like 5.10.y', true],
  ['clean, not often enough', 'unproven', clean(400), '2.3K to go', true],
  ['clean, not often enough by another line', 'unproven', clean(400, { borrowed: true }), '2.3K to go', true],
  ['clean without a control', 'unproven', clean(400, { control: null }), 'no control', true],
  ['a hit', 'lacks', standing({ hits: 1, trials: 312 }), '1 hit in 312', false],
  ['broken after clean trials', 'broken', clean(400), '', false],
]

for (const [what, verdict, race, hint, odds] of HINTS) {
  test(`beside the verdict of ${what}: ${hint || 'nothing'}`, () => {
    assert.deepEqual([raceHint({ race, verdict }), restsOnOdds({ race, verdict })], [hint, odds])
  })
}

const label = (id: string) => (id === CONTROL.kernel ? 'the bad one' : id)

test('in short: hits and rate, chance of a miss, trials missing, control, whose line', () => {
  assert.deepEqual(raceParts(clean(400, { borrowed: true }), label), [
    '0 hits in 400 trials (true rate at most 0.92 %)',
    'chance of a miss 13 %',
    '2,296 more clean trials to 1 in 1,000,000 or less',
    'control the bad one: 14 hits in 1,500 trials (0.51 % to 1.6 %)',
    'borrowed from 5.10.y',
  ])
  assert.deepEqual(raceParts(standing({ hits: 1, trials: 312 }), label), ['1 hit in 312 trials (true rate 0.0081 % to 1.8 %)'])
})

test('why: sentences first, then the numbers beside those of the control', () => {
  const lines = raceLines(wordRace({ race: clean(400, { borrowed: true }) }, '6.1.y', label))
  assert.deepEqual(lines, [
    'The bug did not show itself here.',
    'Kernel                this one | control: the bad one',
    'Trials that count     400 | control: 1,500',
    'Hits                  none, where 2 or more were to be expected with the bug | control: 14',
    'True rate, 95 % sure  at most 0.92 % | control: 0.51 % to 1.6 %',
    'Chance of a miss      13 %; believed at 1 in 1,000,000 or less',
    'Trials missing        2,296 more, all clean',
    'Trigger               pin-longterm-test',
    `The control           ${CONTROL.because}`,
    'Its line              5.10.y, borrowed: this kernel is 6.1.y, so its rate is an assumption here',
    'Measured              2026-11-02 03:00 UTC in x86_64-tcg-2cpu-512m, nothing else at work on the host',
    'Measured on           Linux 6.1.0-50-amd64, 2 x Example CPU at 2.50GHz, QEMU 7.2.22',
  ])
  assert.deepEqual(raceLines(wordRace({ race: null }, '6.1.y', label)), [])
})

test('how far the trials reach is said only where there is something to reach for', () => {
  const reach = (race: RaceStanding) => wordRace({ race }, '5.10.y', label)?.reach
  assert.deepEqual(reach(clean(674)), { share: 0.25, text: '674 of the 2,696 clean trials that are needed' })
  assert.deepEqual(reach(clean(2700)), { share: 1, text: '2,700 clean trials are enough' })
  assert.equal(reach(clean(2700, { control: null })), null)
  assert.equal(reach(standing({ hits: 1, trials: 312 })), null)
})

test('after a hit nothing is leaned on, and nothing said of a miss', () => {
  const worded = wordRace({ race: standing({ hits: 14, trials: 1500 }) }, RATE.series, label)
  assert.deepEqual(
    worded?.compared.map(({ here }) => here),
    ['1,500', '14', '0.51 % to 1.6 %'],
  )
  assert.ok(worded.compared.every(({ there }) => there === null))
  assert.deepEqual(worded?.facts, [
    ['Chance of a miss', 'none: the bug was seen'],
    ['Trigger', 'pin-longterm-test'],
  ])
})
