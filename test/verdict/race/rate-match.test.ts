/** Which rate is leaned on, and what is said where none may be. */
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

const ofLine = (series: string, changes: Partial<ControlRate> = {}) => rate({ series, kernel: `bad-${series}`, ...changes })

/** Series measured, the cell's own, and the one leaned on. */
const LINES: readonly [readonly string[], string, string | null][] = [
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

for (const [measured, series, wanted] of LINES) {
  test(`with ${measured.join(' and ')} measured, a cell of ${series} leans on ${wanted ?? 'nothing'}`, () => {
    for (const rates of [measured.map((one) => ofLine(one)), measured.toReversed().map((one) => ofLine(one))]) {
      const leaning = matchRate(rates, { ...here, series }, 1e-6)
      assert.equal(leaning.rate?.series ?? null, wanted)
      if (leaning.rate) assert.equal(leaning.extrapolated, series !== wanted)
    }
  })
}

test('of two measurements of a line the later one counts', () => {
  const old = rate({ hits: 100, measuredAt: '2026-11-01T00:00:00.000Z' })
  for (const rates of [
    [old, rate()],
    [rate(), old],
  ])
    assert.equal(matchRate(rates, here, 1e-6).rate?.hits, 14)
})

const REFUSED: readonly [string, Partial<ControlRate>, readonly RegExp[]][] = [
  ['another case', { case: 'another' }, [/has not been measured/, /kwitness controls/]],
  ['another profile', { profile: 'x86_64-kvm-2cpu-1024m' }, [/in other guests \(x86_64-kvm-2cpu-1024m\)/, /kwitness controls/]],
  ['another trigger', { codePath: 'io_uring' }, [/by io_uring only; the road taken here was a road of no name/, /controls/]],
  ['another program', { program: 'cd'.repeat(32) }, [/with another build of the reproducer: it no longer counts/, /anew/]],
  ['another QEMU', { conditions: { ...QUIET, qemu: '9.0.1' } }, [/measured under QEMU 9\.0\.1, this is 7\.2\.19/, /anew/]],
  ['another host', { conditions: { ...QUIET, host: 'b host' } }, [/on another host \(b host\), this is a host/, /anew/]],
  ['a loaded host', { conditions: LOADED }, [/while the host was loaded, here it was quiet/, /anew/]],
  ['a control that was never hit', { hits: 0 }, [/of 5\.10\.y \(bad-5\.10\.223\) showed nothing in 1,500 trials/]],
  ['a control that was hit too rarely', { hits: 10 }, [/showed the bug only 10 times in 1,500 trials; 11 times are needed/]],
]

for (const [what, changes, says] of REFUSED) {
  test(`a rate of ${what} is not leaned on, and why is said`, () => {
    const leaning = matchRate([rate(changes)], here, 1e-6)
    assert.ok(leaning.rate === null)
    assert.equal(leaning.why.length, says.length)
    for (const [index, pattern] of says.entries()) assert.match(leaning.why[index] ?? '', pattern)
  })
}

test('a control of the own line that was never hit forbids to borrow the rate of another', () => {
  assert.equal(matchRate([rate({ hits: 0 }), ofLine('6.1.y')], here, 1e-6).rate, null)
  assert.equal(matchRate([ofLine('6.1.y', { hits: 0 }), ofLine('6.12.y')], here, 1e-6).rate, null)
})

test('a rate that expired does not stand in the way of one that counts', () => {
  const expired = rate({ conditions: { ...QUIET, qemu: '9.0.1' }, measuredAt: '2026-11-22T00:00:00.000Z' })
  const leaning = matchRate([expired, ofLine('6.1.y')], here, 1e-6)
  assert.ok(leaning.rate && leaning.extrapolated)
  assert.equal(leaning.rate.series, '6.1.y')
})

test('of several that expired the one is told that has least against it', () => {
  const more = rate({ conditions: { ...LOADED, qemu: '9.0.1' }, measuredAt: '2026-11-22T00:00:00.000Z' })
  const leaning = matchRate([more, rate({ conditions: LOADED })], here, 1e-6)
  assert.match(leaning.rate === null ? (leaning.why[0] ?? '') : '', /was measured while the host was loaded, here it was quiet: /)
})

test('a laxer bound is content with fewer hits, none with no hit', () => {
  assert.ok(matchRate([rate({ hits: 3 })], here, 1e-3).rate)
  assert.equal(matchRate([rate({ hits: 2 })], here, 1e-3).rate, null)
  assert.equal(matchRate([rate({ hits: 0 })], here, 0.9).rate, null)
})

test('where the load was not measured nothing is leaned on', () => {
  const leaning = matchRate([rate()], { ...here, conditions: null }, 1e-6)
  assert.ok(leaning.rate === null)
  assert.match(leaning.why.join(' '), /How busy the host was is not known/)
})
