import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missProbability, rateInterval, trialsNeeded } from '#verdict/race/statistics.ts'
import { seeded } from '#test/helpers/seeded.ts'

/** 95 % Clopper-Pearson intervals as printed in tables of binomial confidence limits, four decimals. */
const TABLED = [
  { hits: 0, trials: 10, low: 0, high: 0.3085 },
  { hits: 1, trials: 10, low: 0.0025, high: 0.445 },
  { hits: 2, trials: 10, low: 0.0252, high: 0.5561 },
  { hits: 5, trials: 10, low: 0.1871, high: 0.8129 },
  { hits: 10, trials: 10, low: 0.6915, high: 1 },
  { hits: 0, trials: 30, low: 0, high: 0.1157 },
  // Newcombe 1998, table I, method 5 ("exact").
  { hits: 81, trials: 263, low: 0.2527, high: 0.3676 },
  { hits: 15, trials: 148, low: 0.0578, high: 0.1617 },
  { hits: 0, trials: 20, low: 0, high: 0.1684 },
  { hits: 1, trials: 29, low: 0.0009, high: 0.1776 },
]

for (const { hits, trials, low, high } of TABLED) {
  test(`the interval of ${hits} in ${trials} is the tabled one`, () => {
    const interval = rateInterval({ hits, trials })
    assert.equal(interval.low.toFixed(4), low.toFixed(4))
    assert.equal(interval.high.toFixed(4), high.toFixed(4))
  })
}

const SCALE = 1n << 52n

/** P(X >= hits) for a binomial with p = parts / 2^52, times 2^(52 * trials): a whole number, no rounding anywhere. */
function exactTail(hits: number, trials: number, parts: bigint): bigint {
  let choose = 1n
  let sum = 0n
  for (let k = 0; k < hits; k += 1) {
    sum += choose * parts ** BigInt(k) * (SCALE - parts) ** BigInt(trials - k)
    choose = (choose * BigInt(trials - k)) / BigInt(k + 1)
  }
  return SCALE ** BigInt(trials) - sum
}

/** Whether P(X >= hits) at p is below numerator/denominator, decided in whole numbers. */
function tailBelow(hits: number, trials: number, p: number, numerator: bigint, denominator: bigint): boolean {
  const parts = BigInt(Math.round(p * Number(SCALE)))
  return exactTail(hits, trials, parts) * denominator < SCALE ** BigInt(trials) * numerator
}

for (const [hits, trials] of [
  [1, 10],
  [5, 10],
  [3, 200],
  [6, 1500],
  [14, 1500],
  [17, 1500],
  [400, 500],
] as const) {
  test(`both ends for ${hits} in ${trials} are within 1e-9 of the exact ones`, () => {
    const { low, high } = rateInterval({ hits, trials })
    assert.ok(tailBelow(hits, trials, low - 1e-9, 1n, 40n), 'low is not too high')
    assert.ok(!tailBelow(hits, trials, low + 1e-9, 1n, 40n), 'low is not too low')
    // P(X <= hits) = 1/40 is P(X >= hits + 1) = 39/40.
    assert.ok(tailBelow(hits + 1, trials, high - 1e-9, 39n, 40n), 'high is not too high')
    assert.ok(!tailBelow(hits + 1, trials, high + 1e-9, 39n, 40n), 'high is not too low')
  })
}

for (const rate of [0.009, 0.1, 0.5]) {
  test(`the interval covers a true rate of ${rate} at least as often as it promises`, () => {
    const random = seeded(20261121)
    const rounds = 4000
    let covered = 0
    let above = 0
    for (let round = 0; round < rounds; round += 1) {
      let hits = 0
      for (let trial = 0; trial < 200; trial += 1) if (random() < rate) hits += 1
      const { low, high } = rateInterval({ hits, trials: 200 })
      if (low <= rate && rate <= high) covered += 1
      if (low > rate) above += 1
    }
    // The promise is 95 % at least, and 2.5 % at most for the end that verdicts use; three standard errors of slack.
    assert.ok(covered / rounds >= 0.95 - 3 * Math.sqrt((0.95 * 0.05) / rounds), `covered ${covered} of ${rounds}`)
    assert.ok(above / rounds <= 0.025 + 3 * Math.sqrt((0.025 * 0.975) / rounds), `above in ${above} of ${rounds}`)
  })
}

test('no trials leave every rate open', () => {
  assert.deepEqual(rateInterval({ hits: 0, trials: 0 }), { low: 0, high: 1 })
})

test('the interval tightens as confidence falls', () => {
  const wide = rateInterval({ hits: 14, trials: 1500 }, 0.99)
  const narrow = rateInterval({ hits: 14, trials: 1500 }, 0.8)
  assert.ok(wide.low < narrow.low && narrow.high < wide.high)
})

for (const [hits, trials] of [
  [2, 1],
  [-1, 1],
  [0.5, 1],
  [0, Number.NaN],
] as const) {
  test(`${hits} hits in ${trials} trials are our mistake`, () => {
    assert.throws(() => rateInterval({ hits, trials }), { name: 'InvariantError' })
  })
}

test('the chance of a miss is (1 - p)^n, down to where a product would underflow', () => {
  assert.equal(missProbability(0.5, 10), 1 / 1024)
  assert.equal(missProbability(0.3, 0), 1)
  assert.equal(missProbability(0, 1_000_000), 1)
  assert.equal(missProbability(1, 1), 0)
  assert.equal(missProbability(1, 0), 1)
  assert.ok(Math.abs(missProbability(1e-12, 1e12) - Math.exp(-1)) < 1e-11)
})

test('the trials needed are the fewest that keep the bound', () => {
  for (const pLow of [1e-6, 0.0051, 0.0066, 0.1, 0.5, 0.9, 1]) {
    for (const bound of [1e-9, 1e-6, 0.001, 0.25, 0.5]) {
      const needed = trialsNeeded(pLow, bound)
      assert.ok(needed !== null && missProbability(pLow, needed) <= bound, `${needed} keep ${bound} at ${pLow}`)
      // One rounding error wide: at a power of 1 - p the bound itself is met or missed by the last bit.
      assert.ok(missProbability(pLow, needed - 1) > bound * (1 - 1e-12), `${needed} are the fewest for ${bound} at ${pLow}`)
    }
  }
})

test('no number of trials helps against a rate that may be zero', () => {
  assert.equal(trialsNeeded(0, 1e-6), null)
  assert.equal(trialsNeeded(0.1, 0), null)
  assert.equal(trialsNeeded(0.1, 1), 0)
})
