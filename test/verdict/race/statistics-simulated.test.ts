/** The statistics by simulation: what the intervals and bounds promise is kept, under the ways trials really stop. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Trials } from '#domain/control.ts'
import { minHits, missProbability, rateInterval, trialsNeeded } from '#verdict/race/statistics.ts'
import { seeded } from '#test/helpers/seeded.ts'

const ROUNDS = 4000

const lows = new Map<string, number>()

/** The lower end of the interval. Many rounds draw the same counts, and one interval takes longer than the rest of a round. */
function lowEnd(measured: Trials): number {
  const key = `${measured.hits}/${measured.trials}`
  const low = lows.get(key) ?? rateInterval(measured).low
  lows.set(key, low)
  return low
}

/** At most this many of the rounds, with three standard errors of slack. */
function atMost(share: number): number {
  return ROUNDS * (share + 3 * Math.sqrt((share * (1 - share)) / ROUNDS))
}

/** How many trials until the first hit at this rate. */
function untilHit(random: () => number, rate: number): number {
  return Math.ceil(Math.log(1 - random()) / Math.log1p(-rate)) || 1
}

/** A control: so many guests, each of which stops at its first hit or after `most` trials. */
function measure(random: () => number, rate: number, guests: number, most = Number.POSITIVE_INFINITY) {
  let hits = 0
  let trials = 0
  for (let guest = 0; guest < guests; guest += 1) {
    const first = untilHit(random, rate)
    hits += first <= most ? 1 : 0
    trials += Math.min(first, most)
  }
  return { hits, trials }
}

for (const rate of [0.009, 0.02, 0.3, 0.9]) {
  for (const guests of [1, 5, 20]) {
    test(`the lower end covers a rate of ${rate} where trials stopped at hit ${guests}`, () => {
      const random = seeded(20261122)
      let above = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        if (lowEnd(measure(random, rate, guests)) > rate) above += 1
      }
      assert.ok(above <= atMost(0.025), `above in ${above} of ${ROUNDS}`)
    })
  }
}

for (const [rate, most] of [
  [0.02, 10],
  [0.02, 50],
  [0.02, 200],
  [0.3, 3],
] as const) {
  test(`the lower end covers a rate of ${rate} where 20 guests stop at their first hit or after ${most} trials`, () => {
    const random = seeded(20261123)
    let above = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      if (lowEnd(measure(random, rate, 20, most)) > rate) above += 1
    }
    assert.ok(above <= atMost(0.025), `above in ${above} of ${ROUNDS}`)
  })
}

/** A kernel that has the bug at this very rate is called fixed when as many trials are clean as the control asks for. */
function falselyCarries(random: () => number, rate: number, hits: number, bound: number): boolean {
  const low = lowEnd(measure(random, rate, hits))
  const needed = trialsNeeded(low, bound) ?? Number.POSITIVE_INFINITY
  return untilHit(random, rate) > needed
}

for (const bound of [0.1, 0.01]) {
  for (const hits of [20, minHits(bound)]) {
    test(`at a bound of ${bound}, with a control of ${hits} hits, no more are falsely called fixed`, () => {
      const random = seeded(20261124)
      let fooled = 0
      for (let round = 0; round < ROUNDS; round += 1) {
        // A rate of its own for each round, from 0.1 % to 33 %.
        const rate = 10 ** (-3 + 2.5 * random())
        if (falselyCarries(random, rate, hits, bound)) fooled += 1
      }
      assert.ok(fooled <= atMost(bound), `fooled in ${fooled} of ${ROUNDS}`)
    })
  }
}

/**
 * The share of false answers over the luck of the control, which the rounds above are too few to see at small bounds:
 * for each control drawn, the chance that a kernel with the bug stays clean is known exactly.
 */
function expectedFalse(hits: number, bound: number): number {
  const random = seeded(20261125)
  const rate = 0.01
  const rounds = 20_000
  let sum = 0
  for (let round = 0; round < rounds; round += 1) {
    const low = lowEnd(measure(random, rate, hits))
    sum += missProbability(rate, trialsNeeded(low, bound) ?? Number.POSITIVE_INFINITY)
  }
  return sum / rounds
}

test('a control of the fewest hits keeps a bound of 1e-3, one of fewer does not', () => {
  const fewest = minHits(1e-3)
  assert.ok(expectedFalse(fewest, 1e-3) <= 1e-3)
  assert.ok(expectedFalse(fewest - 1, 1e-3) > 1e-3)
})

test('the smaller the bound, the more hits it takes', () => {
  const bounds = [0.5, 1e-2, 1e-3, 1e-6, 1e-9, 1e-12]
  const fewest = bounds.map((bound) => minHits(bound))
  assert.deepEqual(
    fewest,
    fewest.toSorted((a, b) => a - b),
  )
  assert.deepEqual([fewest[0], minHits(1e-6)], [1, 11])
})
