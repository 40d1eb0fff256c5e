import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rankSweep, sweepRow, type SweepRow, type SweepTry, type SweepVariant } from '#analysis/controls/sweep.ts'

const variant: SweepVariant = {
  case: 'race',
  series: '5.10',
  fix: 'aaaaaaaaaaaa',
  cpus: 2,
  memoryMiB: 512,
  spread: 1,
  isDefault: true,
}

const hit = (seconds: number, trials = 10): SweepTry => ({ hit: true, seconds, trials: { hits: 1, trials } })
const inVain = (seconds: number, trials = 100): SweepTry => ({ hit: false, seconds, trials: { hits: 0, trials } })

/** The row of these tries; its interval is not what these tests are about. */
function row(...tries: readonly SweepTry[]): SweepRow {
  const sum = (count: 'hits' | 'trials') => tries.reduce((total, one) => total + one.trials[count], 0)
  return sweepRow(variant, tries, { hits: sum('hits'), trials: sum('trials') }, { low: 0, high: 1 })
}

test('a row counts hits, trials and seconds, those of attempts in vain too', () => {
  const { attempts, hit: hits, trials, trialsPerSecond, secondsPerHit } = row(hit(1), hit(2), inVain(3))
  assert.deepEqual([attempts, hits, trials, trialsPerSecond, secondsPerHit], [3, 2, { hits: 2, trials: 120 }, 20, 3])
})

test('half of the attempts hit by the median; one in vain would have hit later than all others', () => {
  assert.equal(row(hit(0.4)).medianSeconds, 0.4)
  assert.equal(row(hit(3), hit(1), hit(2)).medianSeconds, 2)
  assert.equal(row(hit(3), hit(1)).medianSeconds, 1)
  assert.equal(row(hit(2), inVain(0.1), hit(1), inVain(0.1)).medianSeconds, 2)
  assert.equal(row(hit(2), inVain(0.1), inVain(0.1)).medianSeconds, null)
  assert.equal(row(inVain(3)).medianSeconds, null)
})

test('without attempts there is nothing to say, and nothing is made up', () => {
  const { attempts, medianSeconds, trialsPerSecond, secondsPerHit } = row()
  assert.deepEqual([attempts, medianSeconds, trialsPerSecond, secondsPerHit], [0, null, 0, null])
})

test('rows come by the time they take to a hit, those that never hit last', () => {
  const [quick, slow, vain, vainer] = [row(hit(1)), row(hit(1), inVain(3)), row(inVain(3)), row(inVain(3), inVain(3))]
  assert.deepEqual(rankSweep([vainer, slow, vain, quick]), [quick, slow, vain, vainer])
})
