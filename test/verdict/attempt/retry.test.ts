import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '#domain/judgement.ts'
import { wantsAnotherAttempt } from '#verdict/attempt/retry.ts'

const ROWS: readonly [readonly Outcome[], boolean][] = [
  [[], true],
  [['not-reproduced'], false],
  [['reproduced'], false],
  [['skipped'], false],
  [['unrelated-crash'], true],
  [['unrelated-crash', 'unrelated-crash'], false],
  [['unrelated-crash', 'error'], false],
  [['error'], true],
  [['error', 'error'], false],
  [['infra'], true],
  [['infra', 'no-boot'], true],
  [['infra', 'no-boot', 'infra'], false],
  [['no-boot', 'no-boot', 'no-boot'], false],
  [['infra', 'infra', 'error'], true],
  [['infra', 'infra', 'error', 'error'], false],
  [['error', 'not-reproduced'], false],
  [['not-reproduced', 'infra'], false],
]

const NOTHING = { ending: 'clean exit', reasons: [], trials: null, codePath: null } as const

for (const [outcomes, wanted] of ROWS) {
  test(`after ${outcomes.join(', ') || 'nothing'} ${wanted ? 'one more is made' : 'it is settled'}`, () => {
    const attempts = outcomes.map((outcome) => ({ ...NOTHING, outcome }))
    assert.equal(wantsAnotherAttempt(attempts), wanted)
  })
}
