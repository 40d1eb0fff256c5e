/** How the time of a run goes to its races: what each is asked for, whose turn it is, when it is over. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ControlRate } from '#domain/control.ts'
import type { Outcome } from '#domain/judgement.ts'
import { standingOf, hasRateAtOtherLoad } from '#verdict/race/standing.ts'
import { chooseRace, nextMeasurement, nextOfRace, spentSeconds, type RaceBudget, type Race } from '#verdict/race/sequential.ts'
import type { JudgedAttempt } from '#verdict/race/judged-attempt.ts'
import { cellInput, clean, hit, LOADED, rate, tried } from '#test/helpers/judging.ts'

const LOOK: RaceBudget = { seconds: 1, trials: 1_000_000 }
/** Clean trials that the sample rate asks for at 1e-6. */
const NEEDED = 2696

function raceOf(attempts: readonly JudgedAttempt[], rates: readonly ControlRate[] = [rate()], isOpen = true): Race {
  const input = cellInput(attempts, { rates })
  return { isOpen, attempts, standing: standingOf(input), hasRateAtOtherLoad: hasRateAtOtherLoad(input) }
}

const loaded = (trials: number) => clean(trials, { conditions: LOADED })

/** Attempts so far, and what comes next where there is time; null when it is settled. */
const ROWS: readonly [string, readonly JudgedAttempt[], RaceBudget | null, (readonly ControlRate[])?][] = [
  ['nothing was tried', [], LOOK],
  ['nothing but trouble', [tried('infra'), tried('error')], LOOK],
  ['trouble three times', [tried('infra'), tried('no-boot'), tried('infra')], null],
  ['broken twice', [tried('error'), tried('unrelated-crash')], null],
  ['a hit', [hit(30)], null],
  ['a hit after clean trials', [clean(1000), hit(30)], null],
  ['it cannot be asked', [tried('skipped')], null],
  ['no trials were said', [tried('not-reproduced')], null],
  ['a look, with a rate', [clean(200)], { seconds: 10, trials: NEEDED - 200 }],
  ['a look and trouble, with a rate', [clean(200), tried('error')], { seconds: 10, trials: NEEDED - 200 }],
  ['one trial short', [clean(200), clean(NEEDED - 201)], { seconds: 10, trials: 1 }],
  ['just enough', [clean(200), clean(NEEDED - 200)], null],
  ['a look, without a rate', [clean(200)], null, []],
  ['a look, with a control that was never hit', [clean(200)], null, [rate({ hits: 0 })]],
  ['a look while the host was loaded', [loaded(200)], LOOK],
  ['three looks while the host was loaded', [loaded(200), loaded(200), loaded(200)], null],
  ['a look while it was loaded and one while not', [loaded(200), clean(200)], { seconds: 10, trials: NEEDED - 200 }],
  ['sides that never met', [clean(0)], LOOK],
  ['sides that never met in three looks', [clean(0), clean(0), clean(0)], null],
]

for (const [says, attempts, wanted, rates] of ROWS) {
  test(`after ${says} ${wanted ? `${wanted.trials} trials in ${wanted.seconds} s are asked for` : 'it is settled'}`, () => {
    assert.deepEqual(nextOfRace(raceOf(attempts, rates)), wanted)
  })
}

test('a race whose kernel is not available gets no attempt', () => {
  assert.equal(nextOfRace(raceOf([], [rate()], false)), null)
})

const times = (count: number, outcome: Outcome, seconds: number): JudgedAttempt[] =>
  Array.from({ length: count }, () => tried(outcome, { hits: outcome === 'reproduced' ? 1 : 0, trials: 40 }, { seconds }))

const loadedHits = (count: number): JudgedAttempt[] =>
  times(count, 'reproduced', 1).map((one) => ({ ...one, conditions: LOADED }))

/** Attempts at a control so far, and whether it is measured any further. */
const MEASURED: readonly [string, readonly JudgedAttempt[], boolean][] = [
  ['none', [], true],
  ['19 hits', times(19, 'reproduced', 0.3), true],
  ['20 hits', times(20, 'reproduced', 0.3), false],
  ['19 hits and a boot that failed', [...times(19, 'reproduced', 0.3), tried('no-boot')], true],
  ['a hit among 20 that took their time', [...times(1, 'reproduced', 3), ...times(19, 'not-reproduced', 10)], true],
  ['a hit among 40', [...times(1, 'reproduced', 3), ...times(39, 'not-reproduced', 10)], false],
  ['10 hits while the host was quiet and 10 while not', [...times(10, 'reproduced', 1), ...loadedHits(10)], true],
  ['11 hits while the host was quiet and 9 while not', [...times(11, 'reproduced', 1), ...loadedHits(9)], false],
  ['a hit and long clean trials', [...times(1, 'reproduced', 3), ...times(9, 'not-reproduced', 10)], true],
  ['no hit in a minute', times(6, 'not-reproduced', 10), false],
  ['no hit in less', times(5, 'not-reproduced', 10), true],
  ['it cannot be asked', [tried('skipped')], false],
  ['no trials were said', [tried('reproduced')], false],
  ['broken twice', [...times(3, 'reproduced', 0.3), tried('error'), tried('error')], false],
]

for (const [says, attempts, wanted] of MEASURED) {
  test(`a control with ${says} is ${wanted ? '' : 'not '}measured any further`, () => {
    assert.deepEqual(nextMeasurement(attempts, 1e-6), wanted ? { seconds: 10, trials: 1_000_000 } : null)
  })
}

test('a very small bound wants more hits of a control', () => {
  assert.ok(nextMeasurement(times(20, 'reproduced', 0.3), 1e-12))
})

test('who only wants to know how soon a control is hit bounds that', () => {
  const measure = { attempts: 3, seconds: 2 }
  assert.equal(nextMeasurement(times(2, 'reproduced', 0.3), 1e-6, measure)?.seconds, 2)
  assert.equal(nextMeasurement(times(3, 'not-reproduced', 2), 1e-6, measure), null)
})

test('each race has its look first, then the one that had least goes on', () => {
  const races = [raceOf([clean(200, { seconds: 3 })]), raceOf([clean(200, { seconds: 2 })]), raceOf([])]
  assert.deepEqual(chooseRace(races, 90), { index: 2, ask: LOOK })
  assert.deepEqual(chooseRace(races.slice(0, 2), 60), { index: 1, ask: { seconds: 10, trials: NEEDED - 200 } })
})

test('nobody is asked for more than what is left, and below half a second the time is over', () => {
  const races = [raceOf([clean(200, { seconds: 20 })]), raceOf([clean(200, { seconds: 36 })])]
  assert.equal(chooseRace(races, 60)?.ask.seconds, 4)
  assert.equal(chooseRace(races, 56.5)?.ask.seconds, 0.5)
  assert.equal(chooseRace(races, 56.4), null)
  assert.deepEqual(chooseRace([...races, raceOf([])], 56), { index: 2, ask: LOOK }, 'but everyone has a first look')
})

test('what the decided leave goes to the undecided', () => {
  const decided = raceOf([hit(10, { seconds: 0.2 })])
  const slow = raceOf([clean(200, { seconds: 40 })])
  assert.equal(chooseRace([slow], 30), null)
  assert.equal(chooseRace([decided, slow], 60)?.index, 1)
})

/** A kernel to race on: how many trials a second of it has, and after how many of them the bug shows (never: null). */
interface Model {
  readonly speed: number
  readonly hitsAfter: number | null
}

/** What this kernel answers, after so many trials that it had already. */
function answer({ speed, hitsAfter }: Model, ask: RaceBudget, before: number): JudgedAttempt {
  const most = Math.max(1, Math.min(ask.trials, Math.floor(ask.seconds * speed)))
  const trials = hitsAfter !== null && hitsAfter <= before + most ? Math.max(1, hitsAfter - before) : most
  const isHit = hitsAfter !== null && hitsAfter <= before + most
  return (isHit ? hit : clean)(trials, { seconds: trials / speed })
}

function execute(models: readonly Model[], perRace: number): JudgedAttempt[][] {
  const all: JudgedAttempt[][] = models.map(() => [])
  const choose = () =>
    chooseRace(
      all.map((attempts) => raceOf(attempts)),
      perRace * models.length,
    )
  for (let next = choose(); next; next = choose()) {
    const [own, model] = [all[next.index], models[next.index]]
    assert.ok(own && model)
    const before = own.reduce((sum, { trials }) => sum + (trials?.trials ?? 0), 0)
    own.push(answer(model, next.ask, before))
  }
  return all
}

const model = fc.record({
  speed: fc.integer({ min: 20, max: 400 }),
  hitsAfter: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 5000 })),
})

test('property: every race ends decided, or the time is over; nobody makes a trial too many', () => {
  fc.assert(
    fc.property(fc.array(model, { minLength: 1, maxLength: 6 }), fc.integer({ min: 2, max: 40 }), (models, perRace) => {
      const all = execute(models, perRace)
      const spent = all.reduce((sum, attempts) => sum + spentSeconds(attempts), 0)
      const pool = perRace * models.length
      assert.ok(spent <= pool + models.length, `${spent} of ${pool} s`)
      for (const attempts of all) {
        const standing = standingOf(cellInput(attempts))
        assert.ok(standing && standing.trials.trials <= NEEDED)
        const isDecided = standing.trials.hits > 0 || standing.trialsRemaining === 0
        assert.ok(isDecided || pool - spent < 0.5, `${pool - spent} s are left`)
        assert.ok(
          attempts.every(({ seconds }) => seconds <= 10),
          'no attempt is longer than a slice',
        )
      }
    }),
    { numRuns: 60 },
  )
})

test('races that need the same are given the same, to one slice', () => {
  const all = execute(
    [
      { speed: 50, hitsAfter: null },
      { speed: 50, hitsAfter: null },
      { speed: 300, hitsAfter: 20 },
    ],
    30,
  )
  assert.deepEqual(
    all.map((attempts) => Math.round(spentSeconds(attempts))),
    [49, 41, 0],
  )
})
