/** Claims from a case's own data, and findings, cell of the table by cell. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOf, findingOf } from '#analysis/claims/claim.ts'
import { VERDICTS } from '#analysis/matrix/matrix.ts'
import type { Claim, Finding, Verdict } from '#domain/judgement.ts'
import { kernel } from '#test/helpers/reports.ts'

interface Row {
  readonly title: string
  readonly version: string
  readonly mainline: string | null
  readonly stable?: Record<string, string>
  readonly introduced?: string
  readonly says: Claim
}

const TO_6_12 = { mainline: '6.15', stable: { '6.12.y': '6.12.29' } }

const CLAIMS: readonly Row[] = [
  { title: 'a series without a backport', version: '5.10.262', mainline: '5.15', says: 'not-listed' },
  { title: 'a series later than the release', version: '6.1.170', mainline: '5.15', says: 'listed' },
  { title: 'the series of the release itself', version: '5.15.3', mainline: '5.15', says: 'listed' },
  { title: 'the release itself', version: '7.3', mainline: '7.3', says: 'listed' },
  { title: 'a candidate of the release', version: '7.3~rc7', mainline: '7.3', says: 'unknown' },
  { title: 'a candidate of a later release', version: '7.4-rc1', mainline: '7.3', says: 'listed' },
  { title: 'before the backport', version: '6.12.28', ...TO_6_12, says: 'not-listed' },
  { title: 'the release with the backport', version: '6.12.29', ...TO_6_12, says: 'listed' },
  { title: 'after the backport', version: '6.12.117', ...TO_6_12, says: 'listed' },
  { title: 'a backport to another series', version: '6.1.192', ...TO_6_12, says: 'not-listed' },
  { title: 'what only a stable series took', version: '5.10.9', mainline: null, stable: { '5.10.y': '5.10.4' }, says: 'listed' },
  { title: 'a patch never merged', version: '7.3.4', mainline: null, says: 'unknown' },
  { title: 'older than the feature', version: '5.10.262', mainline: '5.19', introduced: '5.19', says: 'unknown' },
  { title: 'between the bug and the fix', version: '5.10.262', mainline: '5.15', introduced: '4.18', says: 'not-listed' },
  {
    title: 'a backport to a series older than the feature',
    version: '5.10.9',
    mainline: '5.19',
    introduced: '5.19',
    stable: { '5.10.y': '5.10.8' },
    says: 'listed',
  },
  { title: 'a version that cannot be ordered', version: 'next-20261102', mainline: '5.15', says: 'unknown' },
  { title: 'a release that cannot be ordered', version: '6.1.1', mainline: 'soon', says: 'unknown' },
]

for (const { title, version, mainline, stable = {}, introduced = null, says } of CLAIMS) {
  test(`claim: ${title} is ${says}`, () => {
    const data = { mainline, stable, subjects: [], source: 'ChangeLog-1' }
    const { claim, source } = claimOf(kernel(version), { introduced, fixes: [], claim: data })
    assert.equal(claim, says)
    assert.match(source, /\(ChangeLog-1\)$/)
  })
}

test('finding: every verdict against every claim', () => {
  const words = (verdict: Verdict): Finding[] =>
    (['listed', 'not-listed', 'unknown'] as const).map((claim) => findingOf(verdict, claim))
  assert.deepEqual(Object.fromEntries(VERDICTS.map((verdict) => [verdict, words(verdict)])), {
    carries: ['agrees', 'fixed-not-listed', 'not-comparable'],
    lacks: ['listed-still-affected', 'agrees', 'not-comparable'],
    inconclusive: ['not-comparable', 'not-comparable', 'not-comparable'],
    'not-applicable': ['not-comparable', 'not-comparable', 'not-comparable'],
    error: ['not-comparable', 'not-comparable', 'not-comparable'],
    'no-result': ['not-comparable', 'not-comparable', 'not-comparable'],
  })
})
