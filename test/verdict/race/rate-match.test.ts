/** Which reference rate applies, and the reason if none does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ControlRate } from '#domain/control.ts'
import { matchRate, type TrialContext } from '#verdict/race/rate-match.ts'
import { LOADED, PROGRAM, QUIET, race, rate } from '#test/helpers/judging.ts'

const here: TrialContext = {
  case: race.id,
  program: PROGRAM,
  profile: rate().profile,
  series: '5.10.y',
  codePath: null,
  conditions: QUIET,
}

const ofSeries = (series: string, changes: Partial<ControlRate> = {}) => rate({ series, kernel: `bad-${series}`, ...changes })

/** Measured series, the cell's own, and the series of its reference rate. */
const SERIES: readonly [readonly string[], string, string | null][] = [
  [['5.10.y', '6.1.y', '6.12.y'], '6.1.y', '6.1.y'],
  [['5.10.y', '6.1.y', '6.12.y'], '7.3.y', '6.12.y'],
  [['5.10.y', '6.1.y'], '5.15.y', '5.10.y'],
  [['5.10.y', '6.1.y'], '5.16.y', '6.1.y'],
  // 6.1 comes 11 releases after 5.10, so nothing is half way; these two are one release away each.
  [['6.17.y', '6.19.y'], '6.18.y', '6.17.y'],
  [['6.19.y', '7.1.y'], '7.0.y', '6.19.y'],
  [['6.12.y'], 'next', null],
  [['next', '6.12.y'], 'next', 'next'],
]

for (const [measured, series, wanted] of SERIES) {
  test(`with ${measured.join(' and ')} measured, a cell of ${series} gets the rate of ${wanted ?? 'none'}`, () => {
    for (const rates of [measured.map((one) => ofSeries(one)), measured.toReversed().map((one) => ofSeries(one))]) {
      const match = matchRate(rates, { ...here, series }, 1e-6)
      assert.equal(match.rate?.series ?? null, wanted)
      if (match.rate) assert.equal(match.extrapolated, series !== wanted)
    }
  })
}

test('of two measurements of a series the later one counts', () => {
  const old = rate({ hits: 100, measuredAt: '2026-11-01T00:00:00.000Z' })
  for (const rates of [
    [old, rate()],
    [rate(), old],
  ])
    assert.equal(matchRate(rates, here, 1e-6).rate?.hits, 14)
})

const REFUSED: readonly [string, Partial<ControlRate>, readonly RegExp[]][] = [
  ['another case', { case: 'another' }, [/There is no reference rate for this case/, /kwitness controls/]],
  ['another profile', { profile: 'x86_64-kvm-2cpu-1024m' }, [/of other guests \(x86_64-kvm-2cpu-1024m\)/, /kwitness controls/]],
  [
    'another trigger',
    { codePath: 'io_uring' },
    [/rates are of io_uring; the code path here is a code path without a name/, /controls/],
  ],
  ['another program', { program: 'cd'.repeat(32) }, [/with another build of the reproducer: it no longer counts/, /again/]],
  ['another QEMU', { conditions: { ...QUIET, qemu: '9.0.1' } }, [/measured under QEMU 9\.0\.1, this is 7\.2\.19/, /again/]],
  ['another host', { conditions: { ...QUIET, host: 'b host' } }, [/on another host \(b host\), this is a host/, /again/]],
  ['a loaded host', { conditions: LOADED }, [/while the host was loaded, here it was quiet/, /again/]],
  ['a control without a hit', { hits: 0 }, [/of 5\.10\.y \(bad-5\.10\.223\) had 0 hits in 1,500 trials/]],
  ['a control with too few hits', { hits: 10 }, [/had 10 hits in 1,500 trials; a reference rate needs 11/]],
]

for (const [what, changes, says] of REFUSED) {
  test(`a rate of ${what} does not apply, with the reason`, () => {
    const match = matchRate([rate(changes)], here, 1e-6)
    assert.ok(match.rate === null)
    assert.equal(match.why.length, says.length)
    for (const [index, pattern] of says.entries()) assert.match(match.why[index] ?? '', pattern)
  })
}

test('no rate of another series replaces that of the own one without a hit', () => {
  assert.equal(matchRate([rate({ hits: 0 }), ofSeries('6.1.y')], here, 1e-6).rate, null)
  assert.equal(matchRate([ofSeries('6.1.y', { hits: 0 }), ofSeries('6.12.y')], here, 1e-6).rate, null)
})

test('a rate that expired does not stand in the way of one that counts', () => {
  const expired = rate({ conditions: { ...QUIET, qemu: '9.0.1' }, measuredAt: '2026-11-22T00:00:00.000Z' })
  const match = matchRate([expired, ofSeries('6.1.y')], here, 1e-6)
  assert.ok(match.rate && match.extrapolated)
  assert.equal(match.rate.series, '6.1.y')
})

test('of several expired rates the reason names the one with the fewest changes', () => {
  const more = rate({ conditions: { ...LOADED, qemu: '9.0.1' }, measuredAt: '2026-11-22T00:00:00.000Z' })
  const match = matchRate([more, rate({ conditions: LOADED })], here, 1e-6)
  assert.match(match.rate === null ? (match.why[0] ?? '') : '', /was measured while the host was loaded, here it was quiet: /)
})

test('a laxer bound needs fewer hits, but at least one', () => {
  assert.ok(matchRate([rate({ hits: 3 })], here, 1e-3).rate)
  assert.equal(matchRate([rate({ hits: 2 })], here, 1e-3).rate, null)
  assert.equal(matchRate([rate({ hits: 0 })], here, 0.9).rate, null)
})

test('without a measured load no rate applies', () => {
  const match = matchRate([rate()], { ...here, conditions: null }, 1e-6)
  assert.ok(match.rate === null)
  assert.match(match.why.join(' '), /The load of the host is not known here/)
})
