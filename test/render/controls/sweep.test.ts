import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sweepRow, type SweepRow } from '#analysis/controls/sweep.ts'
import { rateOf } from '#render/text/numbers.ts'
import { renderSweep, renderSweepJson } from '#render/controls/sweep.ts'
import { rateInterval } from '#verdict/race/statistics.ts'

const PLAIN_TERMINAL = { width: 100, colour: false, ascii: false }

/** A profile of which so many attempts hit, one in `seconds` each and `trials` in all, and the rest in 3 seconds did not. */
function row(spread: number, hits: number, seconds: number, trials: number, isDefault = false): SweepRow {
  const variant = { case: 'race', series: '5.10', fix: 'aaaaaaaaaaaa', cpus: 2, memoryMiB: 512, spread, isDefault }
  const tries = Array.from({ length: 10 }, (_, index) => {
    const hit = index < hits
    return { hit, seconds: hit ? seconds : 3, trials: { hits: 0, trials: 0 } }
  })
  return sweepRow(variant, tries, { hits, trials }, rateInterval({ hits, trials }))
}

const default1 = row(1, 10, 0.5, 1200, true)

test('a sweep, soonest first, the default marked and compared', () => {
  const rates = [default1, row(2, 10, 0.25, 400), row(0.5, 0, 3, 900)].map(({ interval }) => rateOf(interval))
  const head = 'rate (95 % confidence)'
  const width = Math.max(head.length, ...rates.map((rate) => rate.length))
  const [own, best, none, title] = [...rates, head].map((text) => text.padEnd(width))
  assert.equal(
    renderSweep('2026-01-31-1', [default1, row(0.5, 0, 3, 900), row(2, 10, 0.25, 400)], PLAIN_TERMINAL),
    `kwitness controls --sweep 2026-01-31-1

race on 5.10 without aaaaaaaaaaaa
                          hit    median  hits/trials  ${title}  trials/s  s/hit
    2cpu 512m spread 2    10/10  0.25    10 of 400    ${best}  160       0.25
  * 2cpu 512m spread 1    10/10  0.50    10 of 1,200  ${own}  240       0.50
    2cpu 512m spread 0.5  0/10   none    0 of 900     ${none}  30        none

* the default. 2cpu 512m spread 2 hits 2.0 times as soon (10 hits against 10).
`,
  )
})

test('the text says if the default is the best, and if a sweep has no hit', () => {
  assert.match(renderSweep('r', [default1, row(2, 5, 0.5, 900)], PLAIN_TERMINAL), /^\* the default\. No profile hits sooner\.$/m)
  const vain = renderSweep('r', [row(1, 0, 3, 900, true), row(2, 0, 3, 900)], PLAIN_TERMINAL)
  assert.match(vain, /^\* the default\. No profile had a hit\.$/m)
  const only = renderSweep('r', [row(1, 0, 3, 900, true), row(2, 4, 1, 900)], PLAIN_TERMINAL)
  assert.match(only, /^\* the default\. It had no hit; 2cpu 512m spread 2 had one\.$/m)
  assert.match(only, /4\/10 +later/)
})

test('a sweep fits in 100 columns', () => {
  const wide = { ...row(0.5, 10, 0.5, 123456), memoryMiB: 1024 }
  for (const line of renderSweep('r', [wide, default1], PLAIN_TERMINAL).split('\n').slice(2, -3))
    assert.ok(line.length <= 100, line)
})

test('JSON holds every row, soonest first', () => {
  const read = JSON.parse(renderSweepJson('r', [row(2, 0, 3, 900), default1]))
  assert.deepEqual(read, { schema: 'kwitness.sweep/1', run: 'r', rows: [default1, row(2, 0, 3, 900)] })
})
