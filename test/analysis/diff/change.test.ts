/** One word for every pair of results: total, and the same from both sides. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VERDICTS } from '#analysis/matrix/matrix.ts'
import { changeOf, type Comparable } from '#analysis/diff/change.ts'
import { CHANGES, type Change } from '#domain/report/diff.ts'
import type { Verdict } from '#domain/judgement.ts'

const IMAGE = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

function side(verdict: Verdict, changes: Partial<Comparable> = {}): Comparable {
  return { verdict, image: IMAGE, claim: 'listed', finding: 'agrees', ...changes }
}

/** Down: before, across: now; of two images. */
const WORDS: Readonly<Record<Verdict, Readonly<Record<Verdict, Change>>>> = {
  carries: row('same', 'regressed', 'no-longer-decided', 'no-longer-decided', 'no-longer-decided', 'spurious'),
  lacks: row('fixed', 'same', 'no-longer-decided', 'no-longer-decided', 'no-longer-decided', 'spurious'),
  inconclusive: row('newly-decided', 'newly-decided', 'same', 'newly-decided', 'same', 'spurious'),
  'not-applicable': row('newly-decided', 'newly-decided', 'no-longer-decided', 'same', 'no-longer-decided', 'spurious'),
  error: row('newly-decided', 'newly-decided', 'same', 'newly-decided', 'same', 'spurious'),
  'no-result': row('newly-decided', 'newly-decided', 'same', 'newly-decided', 'same', 'same'),
}

function row(...words: [Change, Change, Change, Change, Change, Change]): Record<Verdict, Change> {
  const [carries, lacks, inconclusive, notApplicable, error, noResult] = words
  return { carries, lacks, inconclusive, 'not-applicable': notApplicable, error, 'no-result': noResult }
}

test('every pair of verdicts has its word', () => {
  for (const from of VERDICTS) {
    for (const to of VERDICTS) {
      assert.equal(changeOf(side(from), side(to, { image: OTHER })), WORDS[from][to], `${from} to ${to}`)
    }
  }
})

test('a result that one run lacks appeared or is gone', () => {
  for (const verdict of VERDICTS) {
    assert.equal(changeOf(null, side(verdict)), 'appeared')
    assert.equal(changeOf(side(verdict), null), 'gone')
  }
  assert.equal(changeOf(null, null), 'same')
})

test('both answers of one image are a flake, now or in earlier runs; an unknown image is not one', () => {
  assert.equal(changeOf(side('carries'), side('lacks')), 'flaky')
  assert.equal(changeOf(side('lacks'), side('carries')), 'flaky')
  assert.equal(changeOf(side('carries', { image: null }), side('lacks', { image: null })), 'regressed')
  const rebuilt = [side('carries'), side('lacks', { image: OTHER })] as const
  assert.equal(changeOf(...rebuilt, new Set(['lacks'])), 'regressed')
  assert.equal(changeOf(...rebuilt, new Set(['lacks', 'carries'])), 'flaky')
})

test('the same answer under another listing is a change of the listing', () => {
  assert.equal(
    changeOf(side('carries'), side('carries', { claim: 'not-listed', finding: 'fixed-not-listed' })),
    'listing-changed',
  )
  assert.equal(changeOf(side('carries'), side('carries', { claim: 'unknown' })), 'listing-changed')
})

test('swapped runs swap the words', () => {
  const mirror: Partial<Record<Change, Change>> = { regressed: 'fixed', fixed: 'regressed', appeared: 'gone', gone: 'appeared' }
  for (const from of [null, ...VERDICTS]) {
    for (const to of [null, ...VERDICTS]) {
      const [a, b] = [from && side(from), to && side(to, { image: OTHER })]
      const [there, back] = [changeOf(a, b), changeOf(b, a)]
      assert.ok(CHANGES.includes(there))
      if (there in mirror) assert.equal(back, mirror[there])
      // A result that the infrastructure lost is told, and one that it gives again and that decides nothing is not.
      if (there === 'same' && from !== 'no-result' && to !== 'no-result') assert.equal(back, 'same')
    }
  }
})
