/** What the trials of a race are worth: which are added up, which are left out, and what is said of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rateInterval } from '#verdict/race/statistics.ts'
import { standingOf, hasRateAtOtherLoad } from '#verdict/race/standing.ts'
import { cellInput, clean, hit, LOADED, QUIET, rate, tried } from '#test/helpers/judging.ts'

const SEEN_NOTHING = 'Trials without a hit prove nothing until the same program hits on a known-bad kernel.'

test('enough clean trials on the own line, word for word', () => {
  const standing = standingOf(cellInput([clean(2000), clean(696)]))
  assert.deepEqual(standing, {
    codePath: null,
    trials: { hits: 0, trials: 2696 },
    interval: rateInterval({ hits: 0, trials: 2696 }),
    reference: rate(),
    referenceInterval: rateInterval(rate()),
    extrapolated: false,
    missProbability: standing?.missProbability,
    maxMissProbability: 1e-6,
    trialsRemaining: 0,
    explanation: [
      'Seen in 0 of 2,696 trials.',
      'A known-bad kernel shows the bug in at least 0.51 % of trials ' +
        '(14 hits in 1,500 trials on bad-5.10.223, of its own series).',
      'If the bug were here and showed as often, the probability of no hit in so many trials would be 0.0001 %.',
    ],
  })
  assert.ok(standing && standing.missProbability !== null && standing.missProbability <= 1e-6)
})

test('too few of them, on an extrapolated rate, by a trigger with a name', () => {
  const by = { codePath: 'io_uring' }
  const input = cellInput([clean(600, by), clean(400, by)], { series: '6.12.y', rates: [rate(by)] })
  const standing = standingOf(input)
  assert.deepEqual([standing?.codePath, standing?.extrapolated, standing?.trialsRemaining], ['io_uring', true, 1696])
  assert.deepEqual(standing?.explanation, [
    'Seen in 0 of 1,000 trials.',
    'A known-bad kernel shows the bug in at least 0.51 % of trials ' +
      '(14 hits in 1,500 trials on bad-5.10.223, by io_uring, of another series, 5.10.y).',
    'If the bug were here and showed as often, the probability of no hit in so many trials would be 0.6 %.',
    'That it would show as often here is an assumption: the rate is of another series.',
    '1,696 more trials without a hit would bring that to 0.0001 %.',
  ])
})

test('without a reference rate there is no miss probability, and the reason is given', () => {
  const expired = rate({ conditions: { ...QUIET, qemu: '9.0.1' } })
  const standing = standingOf(cellInput([clean(1_000_000)], { rates: [expired] }))
  assert.deepEqual([standing?.reference, standing?.missProbability, standing?.trialsRemaining], [null, null, null])
  assert.deepEqual(standing?.explanation, [
    'Seen in 0 of 1,000,000 trials.',
    SEEN_NOTHING,
    'The rate of bad-5.10.223 was measured under QEMU 9.0.1, this is 7.2.19: it no longer counts.',
    'Run kwitness controls to measure it again.',
    'For example, against a control that shows the bug in 1 % of trials, 1,375 trials without a hit would be enough: ' +
      'no more than here.',
  ])
})

test('a hit needs no reference rate', () => {
  const standing = standingOf(cellInput([clean(400), hit(100)]))
  assert.deepEqual([standing?.reference, standing?.referenceInterval], [null, null])
  assert.deepEqual([standing?.missProbability, standing?.trialsRemaining], [null, null])
  assert.deepEqual(standing?.explanation, [
    'Seen in 1 of 500 trials.',
    'One hit is proof; the rate here is between 0.005 % and 1.2 % of trials (95 % confidence).',
  ])
})

test('trials under another load than that of the control are not counted, and this is said', () => {
  const standing = standingOf(cellInput([clean(5000, { conditions: LOADED }), clean(1000)]))
  assert.deepEqual([standing?.trials.trials, standing?.trialsRemaining], [1000, 1696])
  assert.equal(standing?.explanation.at(-1), 'Not counted: 5,000 trials that ran on a loaded host, not on a quiet host.')
})

test('rates of both loads: the trials that leave the least chance of a miss are the ones it stands on', () => {
  const rates = [rate(), rate({ conditions: LOADED, hits: 30 })]
  const attempts = [clean(1000, { conditions: LOADED }), clean(1000)]
  const standing = standingOf(cellInput(attempts, { rates }))
  assert.deepEqual([standing?.reference?.hits, standing?.trials.trials], [30, 1000])
})

test('trials of two triggers, of two programs and of two QEMUs are kept apart', () => {
  const others = [
    clean(900, { codePath: 'pin_pages' }),
    clean(900, { program: 'cd'.repeat(32) }),
    clean(900, { conditions: { ...QUIET, qemu: '9.0.1' } }),
  ]
  const standing = standingOf(cellInput([...others, clean(1000)]))
  assert.equal(standing?.trials.trials, 1000)
  assert.deepEqual(standing?.explanation.slice(-3), [
    'Not counted: 900 trials that took another code path (pin_pages).',
    'Not counted: 900 trials that are of another build of the reproducer.',
    'Not counted: 900 trials that ran under another QEMU or on another host.',
  ])
  assert.equal(standingOf(cellInput([...others, clean(10)], { rates: [] }))?.trials.trials, 900, 'the most, without a rate')
})

test('a hit by any trigger decides what the cell stands on', () => {
  const standing = standingOf(cellInput([clean(1_000_000), hit(40, { codePath: 'pin_pages' })]))
  assert.deepEqual([standing?.codePath, standing?.trials], ['pin_pages', { hits: 1, trials: 40 }])
  assert.equal(standing?.explanation.at(-1), 'Not counted: 1,000,000 trials that took another code path (without a name).')
})

test('no trials are no standing; trials that never came about are one', () => {
  for (const attempts of [[], [tried('not-reproduced')], [tried('skipped')], [tried('error', { hits: 0, trials: 10 })]]) {
    assert.equal(standingOf(cellInput(attempts)), null)
  }
  assert.deepEqual(standingOf(cellInput([clean(0)]))?.explanation, [
    'There was no trial: the two sides of the race never met.',
    'For example, against a control that shows the bug in 1 % of trials, 1,375 trials without a hit would be enough: ' +
      '1,375 more than here.',
  ])
})

test('another look is worth it only where a rate would count at the other load', () => {
  const rates = [rate()]
  assert.equal(hasRateAtOtherLoad(cellInput([clean(10, { conditions: LOADED })], { rates })), true)
  assert.equal(hasRateAtOtherLoad(cellInput([clean(10)], { rates: [rate({ conditions: LOADED })] })), true)
  assert.equal(hasRateAtOtherLoad(cellInput([clean(10, { conditions: LOADED, codePath: 'pin_pages' })], { rates })), false)
  assert.equal(hasRateAtOtherLoad(cellInput([clean(10, { conditions: null })], { rates })), false)
  assert.equal(hasRateAtOtherLoad(cellInput([clean(10)], { rates: [] })), false)
})

test('property: nobody carries by trials that are added up wrongly, whatever the order', () => {
  const group = fc.record({
    trials: fc.integer({ min: 0, max: 3000 }),
    codePath: fc.constantFrom(null, 'io_uring'),
    conditions: fc.constantFrom(QUIET, LOADED),
  })
  fc.assert(
    fc.property(fc.array(group, { maxLength: 8 }), (groups) => {
      const attempts = groups.map(({ trials, ...changes }) => clean(trials, changes))
      const standing = standingOf(cellInput(attempts))
      const counting = groups.filter(({ codePath, conditions }) => codePath === null && conditions === QUIET)
      const sum = counting.reduce((total, { trials }) => total + trials, 0)
      assert.equal(standing?.trialsRemaining === 0, sum >= 2696)
      const { explanation: _words, ...numbers } = standing ?? { explanation: [] }
      const { explanation: _again, ...reversed } = standingOf(cellInput(attempts.toReversed())) ?? { explanation: [] }
      assert.deepEqual(reversed, numbers)
    }),
  )
})
