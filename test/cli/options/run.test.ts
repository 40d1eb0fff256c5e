/** The options of a run, read or refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRunOptions, type RunOptions } from '#cli/options/run.ts'

test('without options it is the default set and every case, and nothing else is asked for', () => {
  assert.deepEqual(parseRunOptions({}), { kernels: ['default'], cases: ['all'], freshBoot: false })
})

test('--no-fork turns forking off', () => {
  assert.equal(parseRunOptions({ fork: false }).noFork, true)
  assert.equal(parseRunOptions({ fork: true }).noFork, undefined)
})

test('a bound and a time for races are read as numbers', () => {
  const { maxMissProbability, raceSeconds } = parseRunOptions({ bound: '1e-3', raceSeconds: '2.5' })
  assert.deepEqual([maxMissProbability, raceSeconds], [1e-3, 2.5])
})

const BOUNDS = ['0', '1', '-1e-6', 'small', '', '1e-13', 'Infinity']
const SECONDS = ['0', '-1', 'long', '', 'NaN', '1e9']

const REFUSED: readonly [RunOptions, RegExp][] = [
  ...BOUNDS.map((bound): [RunOptions, RegExp] => [{ bound }, /^--bound takes a chance/]),
  ...SECONDS.map((raceSeconds): [RunOptions, RegExp] => [{ raceSeconds }, /^--race-seconds takes/]),
  [{ seed: '-1' }, /^--seed takes/],
  [{ accel: 'xen' }, /^--accel takes/],
]

for (const [options, message] of REFUSED) {
  test(`${JSON.stringify(options)} is refused`, () =>
    assert.throws(() => parseRunOptions(options), { name: 'UserError', message }))
}
