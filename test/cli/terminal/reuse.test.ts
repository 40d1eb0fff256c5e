/** What a run says of the results that it has from earlier runs, and the words that choose them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRerun } from '#cli/options/values.ts'
import { reuseLine } from '#cli/terminal/reuse.ts'
import { RERUN_CHANGED } from '#plan/reuse.ts'

test('one line says how many, since when, and what to do about it', () => {
  const newest = '2026-11-30T00:12:59.123Z'
  assert.equal(
    reuseLine({ reused: 462, fresh: 14, newest }),
    '462 results reused from earlier runs (newest 2026-11-30 00:12), 14 run; --rerun all runs everything',
  )
  assert.match(reuseLine({ reused: 1, fresh: 0, newest }) ?? '', /^1 result reused from earlier runs .*, 0 run;/)
  assert.equal(reuseLine({ reused: 0, fresh: 14, newest: null }), null)
})

test('words of --rerun add up, the last of a kind counts, and others are refused', () => {
  assert.deepEqual(readRerun('changed'), RERUN_CHANGED)
  assert.deepEqual(readRerun('all'), { ...RERUN_CHANGED, all: true })
  assert.deepEqual(readRerun('failed, inconclusive'), { ...RERUN_CHANGED, failed: true, inconclusive: true })
  assert.deepEqual(readRerun('sample=2.5%'), { ...RERUN_CHANGED, sample: { share: 0.025 } })
  assert.deepEqual(readRerun('sample=5%,sample=20,oldest=3'), { ...RERUN_CHANGED, sample: { count: 20 }, oldest: 3 })
  for (const wrong of [
    '',
    'new',
    'sample',
    'sample=',
    'sample=101%',
    'sample=-1',
    'sample=5 %',
    'oldest=5%',
    'all,',
    'oldest=1e3',
  ]) {
    assert.throws(() => readRerun(wrong), /Give one or more of: changed, all, /, wrong)
  }
})
